# shellcheck shell=sh
# Puts kubeadm, kubelet and kubectl of one version on this host. Where a kubelet runs, the new one lies beside it until the
# control plane is upgraded. Starts and restarts nothing. Builds on release.sh.
# Settings: VERSION, ROLE, ARTIFACTS (an https:// address, or a folder on the host)
# Secrets:  none
# Output:   nothing

take_lock node

no_restore_is_open
mkdir -p "$STATE_DIR"
wait_for_kubeadm

install_role=$(cat "$STATE_DIR/kubeadm.role" 2>/dev/null || true)
[ -z "$install_role" ] || [ "$install_role" = "$ROLE" ] ||
  fail "this host is a node with another role ($install_role)" "take it out of the config, run, and add it again as $ROLE"
: >"$STATE_DIR/kubeadm.ours" # first, so that a preflight after an interruption knows whose programs these are
printf '%s\n' "$ROLE" >"$STATE_DIR/kubeadm.role"

# install_program NAME FILE: proved beside its place, then moved there in one step.
install_program() {
  [ "$(version_of "$1" "$2")" != "$VERSION" ] || return 0
  say "getting $1 $VERSION"
  install_path=bin/linux/$(host_arch amd64 arm64)/$1
  get_release "$VERSION" "$install_path.sha256" "$2.sum"
  get_release "$VERSION" "$install_path" "$2.new"
  checked_by "$2.sum" "$1" "$2.new" "$1 $VERSION"
  chmod 755 "$2.new"
  rm -f "$2.sum"
  [ "$(version_of "$1" "$2.new")" = "$VERSION" ] || fail "$1 says another version than $VERSION" "put the right release into the mirror"
  mv "$2.new" "$2"
  changed install "put $1 $VERSION in place"
}

install_has=$(version_of kubeadm "$KUBE_BIN/kubeadm")
[ -z "$install_has" ] || [ "$install_has" = "$VERSION" ] || check_step Kubernetes "$install_has" "$VERSION"
mkdir -p "$KUBE_BIN"
install_program kubeadm "$KUBE_BIN/kubeadm"
install_program kubectl "$KUBE_BIN/kubectl"
if [ "$(version_of kubelet "$KUBE_BIN/kubelet")" = "$VERSION" ]; then
  rm -f "$KUBE_BIN/kubelet.next"
elif [ -f "$KUBE_ETC/kubelet.conf" ]; then
  install_program kubelet "$KUBE_BIN/kubelet.next"
else
  install_program kubelet "$KUBE_BIN/kubelet"
fi
