# shellcheck shell=sh
# Snapshots on this server, as files. Functions only; builds on what names SNAPSHOT_DIR and says `snapshot_time FILE`.
# Settings: none
# Secrets:  none
# Output:   nothing

# snapshot_files: "<name> <bytes> <unix time>" for each that is whole.
snapshot_files() {
  for snapshots_file in "$SNAPSHOT_DIR"/*; do
    case $snapshots_file in *.part | *.tmp) continue ;; esac
    [ -f "$snapshots_file" ] || continue
    printf '%s %s %s\n' "${snapshots_file##*/}" "$(stat -c %s "$snapshots_file")" "$(snapshot_time "$snapshots_file")"
  done
}

# snapshot_must_be NAME
snapshot_must_be() {
  [ -f "$SNAPSHOT_DIR/$1" ] || fail "there is no snapshot $1 on this server" "bear snapshot list says which server has which"
}
