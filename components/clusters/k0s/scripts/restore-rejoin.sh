# shellcheck shell=sh
# Prepares a server to join the restored cluster: its data of before goes aside. configure.sh, start.sh and restore-joined.sh come next.
# Builds on lib.sh, restore.sh, restore-unit.sh and restore-kubelet.sh.
# Settings: RESTORE, SNAPSHOT
# Secrets:  JOIN (of the restored cluster)
# Output:   nothing

take_lock node

rejoin_aside=$HERE_DATA/before-$RESTORE

restore_must_be_begun
if [ "$(restore_stage)" = stopped ]; then
  mkdir -p "$rejoin_aside"
  ! kubelet_is_foreign "$(ca_of_token)" || forget_kubelet
  # etcd last: without it k0s joins, and must find no certificates of before. What was moved before stays where it is.
  for rejoin_part in pki etcd; do
    if [ ! -e "$HERE_DATA/$rejoin_part" ] || [ -e "$rejoin_aside/$rejoin_part" ]; then continue; fi
    mv "$HERE_DATA/$rejoin_part" "$rejoin_aside/$rejoin_part"
    changed restore "moved $rejoin_part of before to $rejoin_aside"
  done
  mkdir -p "$STATE_DIR"
  : >"$HERE_JOINING"
  restore_mark aside
fi
