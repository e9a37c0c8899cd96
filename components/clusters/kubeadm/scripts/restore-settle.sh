# shellcheck shell=sh
# Restarts the kubelet of an agent that the restored cluster does not see: it registers at its start. Pods go on meanwhile.
# Settings: RESTART (yes: the cluster does not see this node)
# Secrets:  none
# Output:   nothing

take_lock node

if [ "$RESTART" = yes ]; then
  systemctl restart kubelet >&2
  changed restore "restarted the kubelet"
fi
