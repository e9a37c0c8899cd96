# shellcheck shell=sh
# Ends a restore on a server: what was put aside goes, and so do nodes of servers that are lost. Builds on lib.sh, restore-lib.sh and
# restore.sh.
# Settings: RESTORE, SNAPSHOT, LOST (names of nodes to delete; may be empty)
# Secrets:  none
# Output:   nothing

take_lock node

for end_node in $LOST; do
  kube --request-timeout=15s delete node "$end_node" --ignore-not-found --timeout=60s >&2 ||
    fail "the node $end_node, which is lost, could not be deleted" "see kubectl get node $end_node -o yaml, then run again"
done
if [ -n "$(restore_stage)" ]; then
  end_data=$(etcd_data)
  # Also those of a restore that another one took the place of.
  rm -rf "$end_data"/before-* "$end_data"/restored-* "$ETCDUTL" "$PARTS_ASIDE"
  restore_end
fi
