# shellcheck shell=sh
# Notes on the restored server that all others are in: from here on there is only tidying up to do. Builds on restore.sh.
# Settings: RESTORE, SNAPSHOT
# Secrets:  none
# Output:   nothing

restore_mark 'done'
