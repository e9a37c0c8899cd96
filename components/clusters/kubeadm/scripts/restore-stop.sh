# shellcheck shell=sh
# Stops the control plane on a server before any data is touched: a member that goes on would hold against the restored one.
# Pods go on. Builds on lib.sh, snapshot-lib.sh, restore-lib.sh and restore.sh.
# Settings: RESTORE, SNAPSHOT
# Secrets:  none
# Output:   nothing

take_lock node
wait_for_kubeadm

# stop_is_over: nothing listens any more where API and etcd do.
stop_is_over() {
  for stop_port in 6443 2379 2380; do
    ! cat "$ROOT/proc/net/tcp" "$ROOT/proc/net/tcp6" 2>/dev/null |
      awk -v port=":$(printf '%04X' "$stop_port")\$" '$4 == "0A" && $2 ~ port { found = 1 } END { exit !found }' || return 1
  done
}

if [ -z "$(restore_stage)" ]; then
  { [ -f "$(part_file etcd)" ] && [ -f "$KUBE_ETC/pki/etcd/ca.crt" ] && [ -f "$KUBE_ETC/kubelet.conf" ]; } ||
    fail "this host has no member of etcd" "it is as good as new: leave it out with --lost, forget it in the config, run pulumi up, and add it again"
  # What is missing for the restore is better found before anything stands still.
  [ ! -f "$SNAPSHOT_DIR/$SNAPSHOT" ] || get_etcdutl
  say "stopping the control plane"
  is_running kubelet || systemctl start --no-block kubelet >&2
  stop_was=no
  for stop_part in kube-scheduler kube-controller-manager kube-apiserver etcd; do
    [ -f "$PARTS_DIR/$stop_part.yaml" ] || continue
    move_manifest "$PARTS_DIR/$stop_part.yaml" "$PARTS_ASIDE/$stop_part.yaml"
    stop_was=yes
  done
  wait_for "${STOP_SECONDS:-180}" "API and etcd to end" stop_is_over ||
    fail "API or etcd go on without a manifest, on port $stop_port" "see journalctl -u kubelet on the host, and ss -ltnp 'sport = :$stop_port'; then run again"
  restore_mark stopped
  [ "$stop_was" = no ] || changed restore "stopped the control plane"
fi
