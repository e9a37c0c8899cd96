# shellcheck shell=sh
# Puts the data of this server aside, and lets it join the restored one as a new member, with the keys and configs it has. Builds on
# lib.sh, restore-lib.sh and restore.sh.
# Settings: RESTORE, SNAPSHOT, NODE_NAME, WAIT_SECONDS
# Secrets:  JOIN: where the restored member of etcd is
# Output:   nothing

take_lock node

rejoin_data=$(etcd_data)
rejoin_name=$(etcd_flag name)
rejoin_peer=$(etcd_flag initial-advertise-peer-urls)
rejoin_url=${SECRET_JOIN:?}

# rejoin_call METHOD JSON
rejoin_call() { etcd_call "$rejoin_url" "$@" >/dev/null; }
# rejoin_own COLUMN: of this member, as the restored one knows it.
rejoin_own() { printf '%s\n' "$rejoin_members" | awk -v peer="$rejoin_peer" -v column="$1" '$3 == peer { print $column }'; }
rejoin_look() { rejoin_members=$(member_list "$rejoin_url"); }

# rejoin_is_let_in: etcd takes one learner, so one that an earlier try left must go.
rejoin_is_let_in() {
  rejoin_look || return 1
  rejoin_stale=$(printf '%s\n' "$rejoin_members" | awk -v peer="$rejoin_peer" '$5 == "learner" && $3 != peer { print $1 }')
  # It has begun, and has nothing of that here any more.
  if [ "$(rejoin_own 2)" = "$rejoin_name" ] && [ ! -e "$rejoin_data/member" ]; then rejoin_stale="$rejoin_stale $(rejoin_own 1)"; fi
  for rejoin_id in $rejoin_stale; do rejoin_call remove "{\"ID\":\"$rejoin_id\"}" || return 1; done
  [ -z "$rejoin_stale" ] || rejoin_look || return 1
  [ -n "$(rejoin_own 1)" ] || rejoin_call add "{\"peerURLs\":[\"$rejoin_peer\"],\"isLearner\":true}" || return 1
  rejoin_look
}

# rejoin_votes: a learner becomes a voter as soon as it has what the others have; until then etcd refuses.
rejoin_votes() {
  rejoin_look || return 1
  [ "$(rejoin_own 5)" != voter ] || return 0
  rejoin_call promote "{\"ID\":\"$(rejoin_own 1)\"}" || true
  return 1
}

[ -n "$(restore_stage)" ] || fail "this server was not stopped for this restore" "run bear snapshot restore again"
if [ "$(restore_stage)" = stopped ]; then
  # A run that ends here finds no data to move, which is as well.
  if [ -e "$rejoin_data/member" ]; then
    mv "$rejoin_data/member" "$rejoin_data/before-$RESTORE"
    changed restore "moved the data of before to $rejoin_data/before-$RESTORE"
  fi
  restore_mark aside
fi
if [ "$(restore_stage)" = aside ]; then
  wait_for "$WAIT_SECONDS" "etcd to let $NODE_NAME in" rejoin_is_let_in ||
    fail "the restored etcd does not let $NODE_NAME in" "see its log on the restored server (crictl ps, crictl logs), then run again"
  if [ ! -f "$PARTS_DIR/etcd.yaml" ]; then
    rejoin_cluster=$(printf '%s\n' "$rejoin_members" | awk -v peer="$rejoin_peer" -v name="$rejoin_name" '
      { printf "%s%s=%s", (NR > 1 ? "," : ""), ($3 == peer ? name : $2), $3 }')
    rejoin_text=$(awk -v cluster="$rejoin_cluster" '
      /^ *- --initial-cluster-state=/ { next }
      /^ *- --initial-cluster=/ { sub(/=.*/, "=" cluster); print; sub(/--.*/, "--initial-cluster-state=existing") }
      { print }' "$PARTS_ASIDE/etcd.yaml")
    write_file restore "$PARTS_ASIDE/etcd.yaml" 600 "$rejoin_text"
    start_part etcd
  fi
  wait_for "$WAIT_SECONDS" "$NODE_NAME to vote in etcd" rejoin_votes ||
    fail "etcd of $NODE_NAME does not come up to the others" "see its log on this host (crictl ps, crictl logs), then run again"
  restore_mark joined
  changed restore "joined etcd as a new member"
fi
serve_again
