# shellcheck shell=sh
# How far the restore of a snapshot has come on this host. A mark outlives an interruption: the next run goes on where that one
# ended. Functions only.
# Settings: RESTORE (one restore's own word, so that marks of another count for nothing), SNAPSHOT
# Secrets:  none
# Output:   nothing

restore_file=$STATE_DIR/restore

# restore_stage: stopped, aside, restored, joined; nothing where this restore was not here yet.
restore_stage() { sed -n "s/^$RESTORE $SNAPSHOT //p" "$restore_file" 2>/dev/null || true; }

restore_must_be_begun() {
  [ -n "$(restore_stage)" ] || fail "this server was not stopped for this restore" "run bear snapshot restore again"
}

# restore_mark STAGE
restore_mark() {
  mkdir -p "$STATE_DIR"
  printf '%s %s %s\n' "$RESTORE" "$SNAPSHOT" "$1" >"$restore_file.new"
  mv "$restore_file.new" "$restore_file"
}

restore_end() { rm -f "$restore_file"; }
