# shellcheck shell=sh
# Has this server write a snapshot of etcd now. Builds on the product's lib.sh and data.sh, and on snapshots.sh.
# Settings: PRODUCT, UNIT, NAME (what its name begins with; node and time are added)
# Secrets:  none
# Output:   "<name> <bytes> <unix time>", a line per file it wrote

take_lock snapshot

is_here || fail "there is no $PRODUCT on this host" "see bear check: is it a server of this cluster?"
is_running "$UNIT" || fail "$PRODUCT does not run on this server" "name another one with --server, or start it: systemctl start $UNIT"

snapshot_before=$(snapshot_files)
say "writing a snapshot of etcd"
snapshot_said=$(write_snapshot "$NAME" 2>&1) || {
  say "$(printf '%s\n' "$snapshot_said" | tail -n 3)"
  fail "$PRODUCT could not write a snapshot" "see journalctl -u $UNIT on the host; etcd needs a majority of the servers"
}

snapshot_new=$(snapshot_files | while read -r snapshot_line; do
  case "
$snapshot_before
" in *"
$snapshot_line
"*) ;; *) printf '%s\n' "$snapshot_line" ;; esac
done)
[ -n "$snapshot_new" ] || fail "$PRODUCT wrote no file to $SNAPSHOT_DIR" "see journalctl -u $UNIT on the host"
changed snapshot "wrote ${snapshot_new%% *}"
printf '%s\n' "$snapshot_new"
