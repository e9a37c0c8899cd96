# shellcheck shell=sh
# Lists the snapshots on this server, whether k3s runs or not. Builds on lib.sh and data.sh.
# Settings: none
# Secrets:  none
# Output:   "<name> <bytes> <unix time>", a line each

snapshot_files
