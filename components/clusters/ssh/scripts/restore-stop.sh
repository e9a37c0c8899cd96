# shellcheck shell=sh
# Stops a server before any data is touched: a member that goes on, or comes up again with its host, would hold against the
# restored one. Builds on restore.sh.
# Settings: PRODUCT, UNIT, RESTORE, SNAPSHOT
# Secrets:  none
# Output:   nothing

take_lock node

case $(restore_stage) in
  '' | stopped)
    say "stopping $PRODUCT"
    stop_was=$(systemctl is-active "$UNIT" 2>/dev/null || true)
    systemctl stop "$UNIT" >&2 || true
    case $(systemctl is-active "$UNIT" 2>/dev/null || true) in
      active | activating | deactivating | reloading) fail "$PRODUCT does not stop" "see journalctl -u $UNIT on the host, then run again" ;;
    esac
    # Ports of etcd that are still held mean a process that systemd does not know of.
    for stop_port in 2379 2380; do
      ! cat "$ROOT/proc/net/tcp" "$ROOT/proc/net/tcp6" 2>/dev/null |
        awk -v port=":$(printf '%04X' "$stop_port")\$" '$4 == "0A" && $2 ~ port { found = 1 } END { exit !found }' ||
        fail "$PRODUCT was stopped, but something still listens on port $stop_port" "end it: ss -ltnp 'sport = :$stop_port' names it; then run again"
    done
    # Until it is started with other data.
    systemctl disable "$UNIT" >&2 || true
    restore_mark stopped
    [ "$stop_was" != active ] || changed restore "stopped $PRODUCT"
    ;;
esac
