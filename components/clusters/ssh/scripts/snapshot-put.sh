# shellcheck shell=sh
# Takes a snapshot from elsewhere, whole or not at all. Builds on what sets SNAPSHOT_DIR.
# Settings: SNAPSHOT, BYTES, SHA256, TIME (seconds since 1970, when it was written)
# Secrets:  none. The snapshot comes as the file after them, and holds every Secret of the cluster.
# Output:   nothing

take_lock snapshot

put_file=$SNAPSHOT_DIR/$SNAPSHOT
put_is_there() { [ -f "$1" ] && [ "$(stat -c %s "$1")" = "$BYTES" ] && sha256_check "$1" "$SHA256"; }

if [ -e "$put_file" ]; then
  put_is_there "$put_file" || fail "this server has another snapshot of the name $SNAPSHOT" "give yours another name, or take that one away"
else
  put_free=$(($(df -Pk "$(dirname "$SNAPSHOT_DIR")" | awk 'NR == 2 { print $4 }') * 1024))
  [ "$put_free" -gt "$BYTES" ] || fail "$SNAPSHOT has $BYTES bytes, and the disk has room for $put_free" "make room below $SNAPSHOT_DIR"
  mkdir -p "$SNAPSHOT_DIR"
  cat <&3 >"$put_file.part"
  put_is_there "$put_file.part" || {
    rm -f "$put_file.part"
    fail "$SNAPSHOT did not come whole" "run it again"
  }
  touch -d "@$TIME" "$put_file.part"
  mv "$put_file.part" "$put_file"
  changed snapshot "took $SNAPSHOT"
fi
