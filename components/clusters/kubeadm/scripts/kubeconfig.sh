# shellcheck shell=sh
# Prints the kubeconfig of the cluster for use from elsewhere.
# Settings: ENDPOINT (https://<host>:6443)
# Secrets:  none
# Output:   the kubeconfig, which is a secret

kubeconfig_file=$ROOT/etc/kubernetes/admin.conf
[ -s "$kubeconfig_file" ] || fail "this server has no kubeconfig yet" "see journalctl -u kubelet on the host: it must have joined once"
sed "s|^\( *server: \).*|\1$ENDPOINT|" "$kubeconfig_file"
