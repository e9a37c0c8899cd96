# shellcheck shell=sh
# Tells an agent of the certificate authority of the restored cluster where that is another, and restarts it where that, or RESTART, asks for it.
# Pods go on meanwhile. Builds on lib.sh and data.sh.
# Settings: RESTART (yes: the cluster does not see this node)
# Secrets:  TOKEN: what names the certificate authority in a token (K10 and its digest)
# Output:   nothing

take_lock node

settle_restart=$RESTART
# What agents join with is no part of a snapshot, but a snapshot of another cluster has another certificate authority.
settle_token=$(config_value token)
if [ "${settle_token%%::*}" != "${SECRET_TOKEN:?}" ]; then
  write_file restore "$CONFIG_FILE" 600 "$(config_with "$SECRET_TOKEN::${settle_token##*::}")"
  settle_restart=yes
fi

if [ "$settle_restart" = yes ]; then
  systemctl stop k3s-agent >&2 || true
  systemctl start --no-block k3s-agent >&2
  started_as k3s-agent
  changed restore "restarted k3s-agent"
fi
