# shellcheck shell=sh
# Writes a snapshot of etcd now. Builds on lib.sh and snapshots.sh.
# Settings: NAME (what its name begins with), PROGRAM (text of snapshot-program.sh)
# Secrets:  none
# Output:   "<name> <bytes> <unix time>"

take_lock snapshot

is_here || fail "there is no server of a cluster on this host" "see bear check: is it a server of this cluster?"
say "writing a snapshot of etcd"
snapshot_said=$(ROOT=$ROOT sh -c "$PROGRAM" snapshot "$NAME" 0 2>&1) ||
  fail "no snapshot could be written: $(printf '%s\n' "$snapshot_said" | tail -n 1)" "see the log of etcd on this host (crictl ps, crictl logs), or name another server with --server"
changed snapshot "wrote $snapshot_said"
snapshot_files | grep "^$snapshot_said "
