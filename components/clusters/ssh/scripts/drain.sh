# shellcheck shell=sh
# Takes another node out of the cluster, from a server that stays: cordon, evict its pods, delete it. Builds on the lib.sh of
# the product: is_here, kube, members, forget_member.
# Settings: NODE, NODE_ROLE (server or agent), TIMEOUT (for the eviction, like 300s)
#           DATASTORE (optional): external where no server is a member of etcd.
# Secrets:  none
# Output:   nothing. Exit code 0 means that the node is not in the cluster (any more).

# Servers leave one after another, or two could pass the check of the quorum together.
case $NODE_ROLE in
  server) take_lock drain-server ;;
  *) take_lock "drain-$NODE" ;;
esac

# When a whole cluster is taken down, this host has left before the one it would drain.
if ! is_here; then
  say "there is no cluster on this host any more"
  exit 0
fi

drain_node() { kube --request-timeout=15s get node "$NODE" --ignore-not-found -o "$1"; }

# etcd may be choosing a leader, after another server has left.
wait_for 60 "the cluster to answer" api_answers ||
  fail "the cluster does not answer on this host" "see kubectl get nodes and the journal on this host, then run again"

[ -n "$(drain_node name)" ] || exit 0

# A member less must leave a majority of those that remain, and only members that are up count.
check_quorum() {
  drain_members=$(members)
  drain_rest=$(printf '%s\n' "$drain_members" | awk -v node="$NODE" 'NF && $1 != node' | wc -l)
  drain_up=$(printf '%s\n' "$drain_members" | awk -v node="$NODE" '$1 != node && $2 == "True"' | wc -l)
  [ "$drain_up" -gt $((drain_rest / 2)) ] ||
    fail "without $NODE only $drain_up of $((drain_rest)) servers would be up, and etcd would stop" "bring the other servers up first (kubectl get nodes)"
}
[ "$NODE_ROLE" != server ] || [ "${DATASTORE:-etcd}" = external ] || check_quorum

if [ "$(drain_node 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')" = True ]; then
  say "draining $NODE"
  kube drain "$NODE" --ignore-daemonsets --delete-emptydir-data --timeout="$TIMEOUT" >&2 ||
    fail "$NODE could not be drained within $TIMEOUT, it takes no new pods now" \
      "see which PodDisruptionBudget or pod holds it up (above), then run again; kubectl uncordon $NODE undoes it"
else
  # Nobody there would end the pods. They are made elsewhere once the node is gone.
  say "$NODE is down: its pods are given up"
  kube --request-timeout=15s cordon "$NODE" >&2
fi

[ "$NODE_ROLE" != server ] || forget_member "$NODE"
kube delete node "$NODE" --ignore-not-found --timeout=120s >&2 ||
  fail "$NODE is drained but could not be deleted" "see kubectl get node $NODE -o yaml (finalizers), then run again"
changed drain "took $NODE out of the cluster"
