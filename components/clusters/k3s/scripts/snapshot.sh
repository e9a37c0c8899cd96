# shellcheck shell=sh
# Has this server write a snapshot of etcd now. Builds on lib.sh and data.sh.
# Settings: NAME (what its name begins with; k3s adds node and time)
# Secrets:  none
# Output:   "<name> <bytes> <unix time>", a line per file it wrote

take_lock snapshot

snapshot_bin=$ROOT/usr/local/bin/k3s
is_here || fail "there is no k3s on this host" "see bear check: is it a server of this cluster?"
is_running k3s || fail "k3s does not run on this server" "name another one with --server, or start it: systemctl start k3s"

snapshot_before=$(snapshot_files)
say "writing a snapshot of etcd"
snapshot_said=$("$snapshot_bin" etcd-snapshot save --name "$NAME" 2>&1) || {
  say "$(printf '%s\n' "$snapshot_said" | tail -n 3)"
  fail "k3s could not write a snapshot" "see journalctl -u k3s on the host; etcd needs a majority of the servers"
}

snapshot_new=$(snapshot_files | while read -r snapshot_line; do
  case "
$snapshot_before
" in *"
$snapshot_line
"*) ;; *) printf '%s\n' "$snapshot_line" ;; esac
done)
[ -n "$snapshot_new" ] || fail "k3s wrote no file to $SNAPSHOT_DIR" "see journalctl -u k3s on the host"
changed snapshot "wrote ${snapshot_new%% *}"
printf '%s\n' "$snapshot_new"
