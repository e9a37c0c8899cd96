# shellcheck shell=sh
# Puts the k3s binary of one version and its systemd unit on this host. Starts and restarts nothing. Builds on release.sh.
# Settings: VERSION, ROLE, ARTIFACTS (an https:// address, or a folder on the host)
#           UPGRADES (optional; elsewhere: a k3s that is there is upgraded by others, and stays as it is)
# Secrets:  none
# Output:   nothing

take_lock node

no_restore_is_open

install_bin=$ROOT/usr/local/bin/k3s
install_units=$ROOT/etc/systemd/system
case $ROLE in
  server) install_unit=k3s install_other=k3s-agent ;;
  *) install_unit=k3s-agent install_other=k3s ;;
esac
install_arch=$(host_arch amd64 arm64)
install_file=$(host_arch k3s k3s-arm64)

[ ! -e "$install_units/$install_other.service" ] ||
  fail "this host is a node with another role ($install_other)" "take it out of the config, run, and add it again as $ROLE"

# The new binary lies in a folder next to the old one until it is proved, then takes its place in one step. It has its own
# name there, since k3s looks at the name it is called by.
install_binary() {
  install_new=$install_bin.new
  mkdir -p "$STATE_DIR" "$install_new"
  : >"$STATE_DIR/k3s.ours" # first, so that a preflight after an interruption knows whose binary this is
  say "getting k3s $VERSION"
  get_release "$VERSION" "sha256sum-$install_arch.txt" "$install_new/sums"
  get_release "$VERSION" "$install_file" "$install_new/k3s"
  checked_by "$install_new/sums" "$install_file" "$install_new/k3s" "$install_file $VERSION"
  chmod 755 "$install_new/k3s"
  [ "$(version_of "$install_new/k3s")" = "$VERSION" ] || fail "$install_file says another version than $VERSION" "put the right release into the mirror"
  mv "$install_new/k3s" "$install_bin"
  rm -rf "$install_new"
  changed install "put k3s $VERSION in place"
}

install_has=''
if [ -x "$install_bin" ]; then
  install_has=$(version_of "$install_bin" || true)
  [ "${UPGRADES:-}" != elsewhere ] || VERSION=$install_has
  [ "$install_has" = "$VERSION" ] || check_step k3s "$install_has" "$VERSION"
fi
[ "$install_has" = "$VERSION" ] || install_binary

if [ ! -e "$ROOT/usr/local/bin/kubectl" ] && [ ! -L "$ROOT/usr/local/bin/kubectl" ]; then
  ln -s k3s "$ROOT/usr/local/bin/kubectl"
  changed install "linked kubectl"
fi

# As the installer of k3s writes it. Only the main process is stopped (KillMode): pods outlive a restart of k3s.
write_file install "$install_units/$install_unit.service" 644 "[Unit]
Description=Lightweight Kubernetes ($ROLE)
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
KillMode=process
Delegate=yes
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
EnvironmentFile=-/etc/systemd/system/$install_unit.service.env
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/k3s $ROLE

[Install]
WantedBy=multi-user.target"
