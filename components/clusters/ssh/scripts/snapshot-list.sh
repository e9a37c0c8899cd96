# shellcheck shell=sh
# Lists the snapshots on this server, whether the cluster runs or not. Builds on snapshots.sh.
# Settings: none
# Secrets:  none
# Output:   "<name> <bytes> <unix time>", a line each

snapshot_files
