# shellcheck shell=sh
# Makes this server the only member of etcd, with the data of a snapshot. start.sh comes next. Builds on lib.sh, data.sh,
# snapshots.sh and restore.sh.
# Settings: RESTORE, SNAPSHOT, WAIT_SECONDS
# Secrets:  none: the token is in the config, and tokens of before in their file
# Output:   nothing

take_lock node

reset_copy=$ROOT/etc/rancher/k3s/restore.yaml
reset_path=$SNAPSHOT_DIR/$SNAPSHOT
reset_bin=$ROOT/usr/local/bin/k3s

restore_must_be_begun
if [ "$(restore_stage)" = stopped ]; then
  snapshot_must_be "$SNAPSHOT"
  reset_token=$(token_at "$(snapshot_time "$reset_path")")
  [ -n "$reset_token" ] || fail "this server does not know the token of the cluster" "restore on one that was a server of it"
  # k3s refuses to reset with the address of a server to join, and looks for the snapshot in S3 where the config names one.
  config_with "$reset_token" 'cluster-init: true' | grep -v '^etcd-s3' >"$reset_copy"

  say "restoring $SNAPSHOT: this server becomes the only member of etcd"
  mkdir -p "$STATE_DIR"
  reset_log=$STATE_DIR/restore.log
  : >"$reset_log"
  if ! timeout "$WAIT_SECONDS" "$reset_bin" server --config "$reset_copy" --cluster-reset "--cluster-reset-restore-path=$reset_path" >"$reset_log" 2>&1; then
    reset_reason=$(grep 'level=fatal' "$reset_log" | tail -n 1 || true)
    case $reset_reason in *"${reset_token##*:}"*) reset_reason='' ;; esac
    rm -f "$reset_copy" "$reset_log"
    say "$reset_reason"
    case $reset_reason in
      *'different token'*) fail "this server does not know the token that $SNAPSHOT was written with" "restore on the server that wrote it" ;;
    esac
    fail "k3s could not restore $SNAPSHOT" "see the reason above; k3s has moved data of before to $ROOT/var/lib/rancher/k3s/server/db/etcd-old-*"
  fi
  rm -f "$reset_copy" "$reset_log"

  # From now on the cluster has the token of the snapshot, and this server joins nobody.
  reset_now=$(config_value token)
  if [ "$(secret_of "$reset_now")" != "$(secret_of "$reset_token")" ]; then
    keep_token "$reset_now"
    say "the token of the cluster is the one of before again"
  else
    reset_token=$reset_now
  fi
  write_file restore "$CONFIG_FILE" 600 "$(config_with "$reset_token" 'cluster-init: true')"
  restore_mark restored
  changed restore "restored $SNAPSHOT"
fi
