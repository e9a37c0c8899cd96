# shellcheck shell=sh
# Makes this server the only member of etcd, with the data of a snapshot, and starts its control plane. Builds on lib.sh,
# snapshots.sh, restore-lib.sh and restore.sh.
# Settings: RESTORE, SNAPSHOT, NODE_NAME, WAIT_SECONDS
# Secrets:  none
# Output:   nothing

take_lock node

reset_data=$(etcd_data)
reset_new=$reset_data/restored-$RESTORE

# reset_make: the data of the snapshot, whole or not at all.
reset_make() {
  snapshot_must_be "$SNAPSHOT"
  get_etcdutl
  rm -rf "$reset_new.part"
  reset_name=$(etcd_flag name) reset_peer=$(etcd_flag initial-advertise-peer-urls)
  # Watches of before must not find revisions that they believe to have seen (etcd.io, Disaster recovery). By the clock, so that a
  # second restore of an old snapshot is ahead of the first one too, as long as there are fewer than 1000 writes a second.
  reset_bump=''
  if "$ETCDUTL" snapshot restore --help 2>&1 | grep -q -e --bump-revision; then
    reset_at=$(ETCDCTL_API=3 "$ETCDUTL" snapshot status "$SNAPSHOT_DIR/$SNAPSHOT" -w json 2>/dev/null | sed -n 's/.*"revision": *\([0-9]*\).*/\1/p')
    reset_bump=$(($(date +%s) * 1000 - ${reset_at:-0}))
    [ "$reset_bump" -gt 1000000000 ] || reset_bump=1000000000
    reset_bump="--bump-revision=$reset_bump --mark-compacted"
  fi
  reset_log=$STATE_DIR/restore.log
  say "restoring $SNAPSHOT: this server becomes the only member of etcd"
  # shellcheck disable=SC2086 # two flags
  if ! ETCDCTL_API=3 timeout "$WAIT_SECONDS" "$ETCDUTL" snapshot restore "$SNAPSHOT_DIR/$SNAPSHOT" --data-dir="$reset_new.part" --name="$reset_name" \
    --initial-cluster="$reset_name=$reset_peer" --initial-advertise-peer-urls="$reset_peer" --initial-cluster-token="$RESTORE" $reset_bump >"$reset_log" 2>&1; then
    say "$(tail -n 3 "$reset_log")"
    rm -rf "$reset_log" "$reset_new.part"
    fail "$SNAPSHOT could not be restored" "see the reason above; no data was touched: with another snapshot, run bear snapshot restore for that one"
  fi
  rm -f "$reset_log"
  sync
  mv "$reset_new.part" "$reset_new"
}

[ -n "$(restore_stage)" ] || fail "this server was not stopped for this restore" "run bear snapshot restore again"
if [ "$(restore_stage)" = stopped ]; then
  [ -d "$reset_new" ] || reset_make
  if [ -d "$reset_new/member" ]; then
    if [ -e "$reset_data/member" ]; then
      mv "$reset_data/member" "$reset_data/before-$RESTORE"
      changed restore "moved the data of before to $reset_data/before-$RESTORE"
    fi
    mv "$reset_new/member" "$reset_data/member"
  fi
  restore_mark restored
  changed restore "restored $SNAPSHOT"
fi
rm -rf "$reset_new" "$ETCDUTL"

start_part etcd
wait_for "$WAIT_SECONDS" "etcd of $NODE_NAME" etcd_is_well ||
  fail "etcd does not serve after $WAIT_SECONDS s" "see its log on this host (crictl ps, crictl logs), then run again"
serve_again
