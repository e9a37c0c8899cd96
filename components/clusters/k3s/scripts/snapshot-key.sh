# shellcheck shell=sh
# Prints what a snapshot was encrypted with: the token of its time. Builds on lib.sh and data.sh.
# Settings: SNAPSHOT
# Secrets:  none
# Output:   the token, which is a secret

[ -f "$SNAPSHOT_DIR/$SNAPSHOT" ] || fail "there is no snapshot $SNAPSHOT on this server" "bear snapshot list says which server has which"
key_token=$(token_at "$(snapshot_time "$SNAPSHOT_DIR/$SNAPSHOT")")
[ -n "$key_token" ] || fail "this server does not know the token of the cluster" "copy from one that was a server of it"
printf '%s\n' "$key_token"
