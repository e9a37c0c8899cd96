# shellcheck shell=sh
# Has this server write snapshots of etcd by a timer.
# Settings: CALENDAR (a line for each OnCalendar=; empty: never), KEEP, PROGRAM (text of snapshot-program.sh)
# Secrets:  none
# Output:   nothing

take_lock node

timer_units=$ROOT/etc/systemd/system
timer_stamp=$STATE_DIR/kubeadm.timer

if [ -n "$CALENDAR" ]; then
  write_file snapshot "$STATE_DIR/kubeadm.snapshot" 700 "$PROGRAM"
  write_file snapshot "$timer_units/etcd-snapshot.service" 644 "[Unit]
Description=Snapshot of etcd
After=kubelet.service

[Service]
Type=oneshot
ExecStart=/bin/sh /var/lib/bearstack/kubeadm.snapshot scheduled $KEEP"
  write_file snapshot "$timer_units/etcd-snapshot.timer" 644 "[Unit]
Description=When snapshots of etcd are written

[Timer]
$(printf '%s\n' "$CALENDAR" | sed 's/^/OnCalendar=/')
RandomizedDelaySec=5min
Persistent=true

[Install]
WantedBy=timers.target"
  timer_want=$(cat "$timer_units/etcd-snapshot.timer" "$timer_units/etcd-snapshot.service" | sha256sum)
  if ! is_running etcd-snapshot.timer || [ "$(cat "$timer_stamp" 2>/dev/null || true)" != "$timer_want" ]; then
    start_anew etcd-snapshot.timer
    printf '%s\n' "$timer_want" >"$timer_stamp"
    changed snapshot "started etcd-snapshot.timer"
  fi
elif [ -f "$timer_units/etcd-snapshot.timer" ]; then
  systemctl disable --now etcd-snapshot.timer >&2 || true
  rm -f "$timer_units/etcd-snapshot.timer" "$timer_units/etcd-snapshot.service" "$STATE_DIR/kubeadm.snapshot" "$timer_stamp"
  systemctl daemon-reload >&2
  changed snapshot "removed etcd-snapshot.timer"
fi
