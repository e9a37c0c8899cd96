# shellcheck shell=sh
# Puts the static pod of kube-vip on a server, or takes it away. Functions only; builds on lib.sh and rotate.sh.
# Settings: ROLE, WAIT_SECONDS
#           KUBE_VIP (manifest of the pod, with admin.conf), VIRTUAL_ADDRESS: both empty where there is none
# Secrets:  none
# Output:   nothing

vip_file=$KUBE_ETC/manifests/kube-vip.yaml

# put_virtual_address CONFIG: before kubeadm runs, since what it makes looks for the API at this address. Until `kubeadm init` has
# given rights to the administrator of admin.conf, only the one of super-admin.conf has any (kubeadm from 1.29 on). The pod waits
# for the file.
put_virtual_address() {
  [ "$ROLE" = server ] || return 0
  vip_text=$(printf '%s\n' "${KUBE_VIP:-}" | sed "s|^\( *path: /etc/kubernetes/\)admin.conf$|\1$1|")
  [ -z "${CERTIFICATES:-}" ] || vip_text=$(printf '%s\n' "$vip_text" | with_mark) # it read the old admin.conf when it started
  keep_file start "$vip_file" 600 "$vip_text"
}

vip_answers() { curl -ks --noproxy '*' -m 5 -o /dev/null "$(url_of "$VIRTUAL_ADDRESS" 6443)/livez"; }

# On a server that is in: another manifest takes the address away for some seconds.
keep_virtual_address() {
  vip_was=$(cat "$vip_file" 2>/dev/null || true)
  put_virtual_address admin.conf
  [ -n "$vip_text" ] && [ "$vip_text" != "$vip_was" ] || return 0
  sleep "${SETTLE_SECONDS:-5}"
  wait_for "$WAIT_SECONDS" "a server to hold $VIRTUAL_ADDRESS" vip_answers ||
    fail "no server holds the virtual address $VIRTUAL_ADDRESS after $WAIT_SECONDS s" "see the log of kube-vip on the host, in /var/log/pods, then run again"
}
