# shellcheck shell=sh
# Prints a snapshot, byte for byte. Builds on snapshots.sh.
# Settings: SNAPSHOT
# Secrets:  none
# Output:   the file, which holds every Secret of the cluster

snapshot_must_be "$SNAPSHOT"
cat "$SNAPSHOT_DIR/$SNAPSHOT"
