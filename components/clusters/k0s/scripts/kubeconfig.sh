# shellcheck shell=sh
# Prints the kubeconfig of the cluster for use from elsewhere.
# Settings: ENDPOINT (https://<host>:6443)
# Secrets:  none
# Output:   the kubeconfig, which is a secret

kubeconfig_text=$("$HERE_BIN" kubeconfig admin) || fail "this server has no kubeconfig yet" "see journalctl -u k0scontroller on the host: it must have started once"
printf '%s\n' "$kubeconfig_text" | sed "s|^\( *server: \).*|\1$ENDPOINT|"
