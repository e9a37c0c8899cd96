# shellcheck shell=sh
# Puts the k0s binary of one version on this host, with its users and systemd units. Starts and restarts nothing. Builds on
# lib.sh and release.sh.
# Settings: VERSION, ROLE, NODE_NAME, ARTIFACTS (an https:// address, or a folder on the host), BOOTSTRAP
#           ARGUMENTS: what k0s is started with, as systemd reads it
#           CALENDAR, KEEP (servers): when a backup is written, a line for each OnCalendar= (none: never), and how many are kept
# Secrets:  none
# Output:   nothing

take_lock node
no_restore_is_open

install_units=$ROOT/etc/systemd/system
case $ROLE in
  server) install_unit=k0scontroller install_other=k0sworker ;;
  *) install_unit=k0sworker install_other=k0scontroller ;;
esac
install_file=k0s-$VERSION-$(host_arch amd64 arm64)

[ ! -e "$install_units/$install_other.service" ] ||
  fail "this host is a node with another role ($install_other)" "take it out of the config, run, and add it again as $ROLE"

# The name is in certificates and in etcd.
install_name=$(sed -n 's/^ExecStart=.*--hostname-override=\([^ "]*\).*/\1/p' "$install_units/$install_unit.service" 2>/dev/null || true)
[ -z "$install_name" ] || [ "$install_name" = "$NODE_NAME" ] || ! has_joined ||
  fail "this host is the node $install_name and cannot become $NODE_NAME" "put the name back, or take the host out, run, and add it again"

# The new binary lies next to the old one until it is proved, then takes its place in one step.
install_binary() {
  mkdir -p "$STATE_DIR" "$(dirname "$HERE_BIN")"
  : >"$STATE_DIR/k0s.ours" # first, so that a preflight after an interruption knows whose binary this is
  say "getting k0s $VERSION"
  get_release "$VERSION" sha256sums.txt "$HERE_BIN.sums"
  get_release "$VERSION" "$install_file" "$HERE_BIN.new"
  checked_by "$HERE_BIN.sums" "$install_file" "$HERE_BIN.new" "$install_file"
  chmod 755 "$HERE_BIN.new"
  [ "$(version_of "$HERE_BIN.new")" = "$VERSION" ] || fail "$install_file says another version than $VERSION" "put the right release into the mirror"
  rm -f "$HERE_BIN.sums"
  mv "$HERE_BIN.new" "$HERE_BIN"
  changed install "put k0s $VERSION in place"
}

install_has=''
if is_here; then
  install_has=$(version_of "$HERE_BIN" || true)
  [ "$install_has" = "$VERSION" ] || check_step k0s "$install_has" "$VERSION"
fi
[ "$install_has" = "$VERSION" ] || install_binary

if [ ! -e "$ROOT/usr/local/bin/kubectl" ] && [ ! -L "$ROOT/usr/local/bin/kubectl" ]; then
  ln -s k0s "$ROOT/usr/local/bin/kubectl"
  changed install "linked kubectl"
fi

# Parts of a server run as users of their own where these are there, else as root. Which ones are ours is kept for the removal.
install_user() {
  ! id "$1" >/dev/null 2>&1 || return 0
  if command -v useradd >/dev/null 2>&1; then
    useradd --system --no-create-home --home-dir /var/lib/k0s --shell /usr/sbin/nologin "$1" >&2
  else
    adduser -S -D -H -h /var/lib/k0s -s /sbin/nologin "$1" >&2
  fi || {
    say "there is no user $1, its part of k0s runs as root"
    return 0
  }
  printf '%s\n' "$1" >>"$STATE_DIR/k0s.users"
  changed install "made the user $1"
}
if [ "$ROLE" = server ]; then
  for install_name in etcd kube-apiserver kube-scheduler konnectivity-server; do install_user "$install_name"; done
fi

# As `k0s install` writes it, but whole or not at all, and without a stop of what runs. Only the main process is stopped
# (KillMode): pods outlive a restart of k0s. Who starts a cluster has no token to wait for, until it has data.
write_unit() {
  unit_token=' --token-file=/etc/k0s/join-token'
  [ "$ROLE/$BOOTSTRAP" != server/yes ] || has_joined || unit_token=''
  write_file install "$install_units/$install_unit.service" 644 "[Unit]
Description=k0s - Zero Friction Kubernetes ($ROLE)
Documentation=https://docs.k0sproject.io
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/local/bin/k0s $ARGUMENTS$unit_token
KillMode=process
Delegate=yes
LimitNOFILE=999999
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target"
}
write_unit

# k0s writes backups when it is told to. An archive is there whole or not at all, since its copy may be cut short.
write_backup() {
  write_file install "$STATE_DIR/k0s-backup.sh" 755 "#!/bin/sh
# Writes a backup of k0s and keeps the $KEEP youngest.
set -eu
umask 077
[ ! -e /var/lib/bearstack/restore ] || exit 0 # what is restored must not be pushed out
mkdir -p /var/lib/k0s-backups/new
rm -f /var/lib/k0s-backups/new/*
/usr/local/bin/k0s backup --save-path=/var/lib/k0s-backups/new
mv /var/lib/k0s-backups/new/k0s_backup_*.tar.gz /var/lib/k0s-backups/
cd /var/lib/k0s-backups
find . -maxdepth 1 -name 'k0s_backup_*' | sort -r | tail -n +$((KEEP + 1)) | while read -r old; do rm -f \"\$old\"; done"
  write_timer install k0s-backup "Backup of k0s" "When k0s is backed up" k0scontroller.service "/bin/sh /var/lib/bearstack/k0s-backup.sh"
}
# An etcd elsewhere is backed up elsewhere.
[ "$ROLE" != server ] || [ -z "$CALENDAR" ] || write_backup
