# shellcheck shell=sh
# Tells whether a restore of a snapshot on this host did not come to its end.
# Settings: SNAPSHOT
# Secrets:  none
# Output:   its word and how far it has come, in a line; nothing without one

status_line=$(cat "$STATE_DIR/restore" 2>/dev/null || true)
case $status_line in
  *" $SNAPSHOT "*) printf '%s\n' "$status_line" | awk '{ print $1, $3 }' ;;
esac
