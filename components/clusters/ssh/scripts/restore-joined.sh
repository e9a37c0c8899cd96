# shellcheck shell=sh
# Notes that this server is in the restored cluster. Builds on restore.sh.
# Settings: RESTORE, SNAPSHOT
# Secrets:  none
# Output:   nothing

[ "$(restore_stage)" != aside ] || restore_mark joined
