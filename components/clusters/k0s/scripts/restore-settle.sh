# shellcheck shell=sh
# Has an agent ask for a certificate of the restored cluster where its own is of another, and stops it where that, or RESTART, asks
# for it. configure.sh and start.sh come next. Pods go on meanwhile. Builds on lib.sh, restore-unit.sh and restore-kubelet.sh.
# Settings: RESTART (yes: the cluster does not see this node)
# Secrets:  JOIN: a join token of the cluster
# Output:   nothing

take_lock node

settle_foreign=no
! kubelet_is_foreign "$(ca_of_token)" || settle_foreign=yes
if [ "$RESTART" = yes ] || [ "$settle_foreign" = yes ]; then
  systemctl stop k0sworker >&2 || true
  [ "$settle_foreign" = no ] || forget_kubelet
fi
