# shellcheck shell=sh
# Notes the token that a snapshot from elsewhere is opened with. Builds on lib.sh and data.sh.
# Settings: SNAPSHOT
# Secrets:  KEY (optional): the token of the cluster when it was written
# Output:   nothing

put_token=$(secret_of "${SECRET_KEY:-}")
put_time=$(snapshot_time "$SNAPSHOT_DIR/$SNAPSHOT")
if [ -n "$put_token" ] && [ "$put_token" != "$(secret_of "$(token_at "$put_time")")" ]; then
  case $put_token in *[!A-Za-z0-9:._-]*) fail "the token of $SNAPSHOT has characters that do not belong in one" "give the file that bear snapshot copy wrote" ;; esac
  token_for "$put_time" "$put_token"
  changed snapshot "noted the token of $SNAPSHOT"
fi
