# shellcheck shell=sh
# Reads what this host was installed with, so that a start by start.sh is the same as one by a run of Pulumi. Builds on lib.sh.
# Settings: ROLE
# Secrets:  none
# Output:   nothing; sets VERSION, ARGUMENTS and for a server CONFIG

take_lock node

unit_name=k0scontroller
[ "$ROLE" = server ] || unit_name=k0sworker
unit_file=$ROOT/etc/systemd/system/$unit_name.service
unit_token='--token-file=/etc/k0s/join-token'

if [ ! -f "$unit_file" ] || ! is_here || { [ "$ROLE" = server ] && [ ! -f "$HERE_CONFIG" ]; }; then
  fail "k0s is not whole on this host" "it is as good as new: leave it out with --lost, forget it in the config, run pulumi up, and add it again"
fi

# As once a server is in: without its data it is not to start a cluster of its own.
if ! grep -q -e "$unit_token" "$unit_file"; then
  write_file restore "$unit_file" 644 "$(sed "s|^ExecStart=.*|& $unit_token|" "$unit_file")"
  systemctl daemon-reload >&2
fi

# shellcheck disable=SC2034 # start.sh and configure.sh use them
{
  VERSION=$(version_of "$HERE_BIN")
  ARGUMENTS=$(sed -n "s|^ExecStart=/usr/local/bin/k0s \(.*\) $unit_token\$|\1|p" "$unit_file")
}
if [ "$ROLE" = server ]; then
  CONFIG=$(cat "$HERE_CONFIG" && echo .) # every line feed of it counts
  CONFIG=${CONFIG%??}
fi
