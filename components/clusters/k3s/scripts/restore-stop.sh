# shellcheck shell=sh
# Stops k3s on a server before any data is touched: a member that goes on would hold against the restored one. Builds on restore.sh.
# Settings: RESTORE, SNAPSHOT
# Secrets:  none
# Output:   nothing

take_lock node

if [ -z "$(restore_stage)" ]; then
  say "stopping k3s"
  stop_was=$(systemctl is-active k3s 2>/dev/null || true)
  systemctl stop k3s >&2 || true
  case $(systemctl is-active k3s 2>/dev/null || true) in
    active | activating | deactivating | reloading) fail "k3s does not stop" "see journalctl -u k3s on the host, then run again" ;;
  esac
  # Ports of etcd that are still held mean a k3s that systemd does not know of.
  for stop_port in 2379 2380; do
    ! cat "$ROOT/proc/net/tcp" "$ROOT/proc/net/tcp6" 2>/dev/null |
      awk -v port=":$(printf '%04X' "$stop_port")\$" '$4 == "0A" && $2 ~ port { found = 1 } END { exit !found }' ||
      fail "k3s was stopped, but something still listens on port $stop_port" "end it: ss -ltnp 'sport = :$stop_port' names it; then run again"
  done
  restore_mark stopped
  [ "$stop_was" != active ] || changed restore "stopped k3s"
fi
