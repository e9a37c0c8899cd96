# shellcheck shell=sh
# Prepares a server to join the restored cluster: its data of before goes aside, and its config says where to join. start.sh and
# restore-joined.sh come next. Builds on lib.sh, data.sh and restore.sh.
# Settings: RESTORE, SNAPSHOT, SERVER_URL
# Secrets:  TOKEN (of the restored cluster)
# Output:   nothing

take_lock node

rejoin_db=$ROOT/var/lib/rancher/k3s/server/db

restore_must_be_begun
if [ "$(restore_stage)" = stopped ]; then
  [ -f "$CONFIG_FILE" ] || fail "this server has no config of k3s" "it is as good as new: leave it out with --lost, forget it in the config, run pulumi up, and add it again"
  rejoin_now=$(config_value token)
  [ "$(secret_of "$rejoin_now")" = "$(secret_of "${SECRET_TOKEN:?}")" ] || keep_token "$rejoin_now"
  write_file restore "$CONFIG_FILE" 600 "$(config_with "$SECRET_TOKEN" "server: \"$SERVER_URL\"")"
  # The folder of snapshots stays. A run that ends here finds no data to move, which is as well.
  if [ -e "$rejoin_db/etcd" ]; then
    mv "$rejoin_db/etcd" "$rejoin_db/etcd-before-$RESTORE"
    changed restore "moved the data of before to $rejoin_db/etcd-before-$RESTORE"
  fi
  restore_mark aside
fi
