# shellcheck shell=sh
# Gives an agent the token of the restored cluster where it has another, and restarts it where that, or RESTART, asks for it.
# Pods go on meanwhile. Builds on lib.sh and data.sh.
# Settings: RESTART (yes: the cluster does not see this node)
# Secrets:  TOKEN
# Output:   nothing

take_lock node

settle_restart=$RESTART
# The whole of it: a snapshot of another cluster has another certificate authority, too.
if [ "$(config_value token)" != "${SECRET_TOKEN:?}" ]; then
  write_file restore "$CONFIG_FILE" 600 "$(config_with "$SECRET_TOKEN")"
  settle_restart=yes
fi

if [ "$settle_restart" = yes ]; then
  systemctl stop k3s-agent >&2 || true
  systemctl start --no-block k3s-agent >&2
  started_as k3s-agent
  changed restore "restarted k3s-agent"
fi
