# shellcheck shell=sh
# Where others find the restored member of etcd. All servers have the keys of the cluster, so they need no more. Builds on
# restore-lib.sh.
# Settings: none
# Secrets:  none
# Output:   its address

etcd_url
