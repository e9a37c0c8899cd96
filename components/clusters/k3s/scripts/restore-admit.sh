# shellcheck shell=sh
# Lets a node join the restored cluster whose password the snapshot may know in an older form: k3s takes the one it comes with
# where it knows none. token.sh comes next. Builds on lib.sh.
# Settings: NODE
# Secrets:  none
# Output:   nothing of its own

admit_secret=/api/v1/namespaces/kube-system/secrets/$NODE.node-password.k3s
if kube --request-timeout=15s get --raw "$admit_secret" >/dev/null 2>&1; then
  kube --request-timeout=15s delete --raw "$admit_secret" >/dev/null
fi
