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
  write_timer snapshot etcd-snapshot "Snapshot of etcd" "When snapshots of etcd are written" kubelet.service \
    "/bin/sh /var/lib/bearstack/kubeadm.snapshot scheduled $KEEP"
  start_timer snapshot etcd-snapshot "$timer_stamp"
elif [ -f "$timer_units/etcd-snapshot.timer" ]; then
  systemctl disable --now etcd-snapshot.timer >&2 || true
  rm -f "$timer_units/etcd-snapshot.timer" "$timer_units/etcd-snapshot.service" "$STATE_DIR/kubeadm.snapshot" "$timer_stamp"
  systemctl daemon-reload >&2
  changed snapshot "removed etcd-snapshot.timer"
fi
