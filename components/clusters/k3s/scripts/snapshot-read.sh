# shellcheck shell=sh
# Prints a snapshot, byte for byte. Builds on lib.sh and data.sh.
# Settings: SNAPSHOT
# Secrets:  none
# Output:   the file, which holds every Secret of the cluster

[ -f "$SNAPSHOT_DIR/$SNAPSHOT" ] || fail "there is no snapshot $SNAPSHOT on this server" "bear snapshot list says which server has which"
cat "$SNAPSHOT_DIR/$SNAPSHOT"
