# shellcheck shell=sh
# Prints what a snapshot was encrypted with: the token of its time. Builds on lib.sh, data.sh and
# snapshots.sh.
# Settings: SNAPSHOT
# Secrets:  none
# Output:   the token, which is a secret

snapshot_must_be "$SNAPSHOT"
key_token=$(token_at "$(snapshot_time "$SNAPSHOT_DIR/$SNAPSHOT")")
[ -n "$key_token" ] || fail "this server does not know the token of the cluster" "copy from one that was a server of it"
printf '%s\n' "$key_token"
