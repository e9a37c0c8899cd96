# shellcheck shell=sh
# Starts k3s, or restarts it when its binary, unit or config is another, and waits until the node is in the cluster.
# Settings: ROLE, NODE_NAME, WAIT_SECONDS, BOOTSTRAP, SERVER_URL
#           DATASTORE (optional): external where a database keeps the cluster, so that nobody is a member of etcd.
# Secrets:  TOKEN, CONFIG, REGISTRIES and those of proxies, only to keep them out of what this script repeats of the journal
# Output:   nothing

take_lock node

start_bin=$ROOT/usr/local/bin/k3s
start_unit=k3s
[ "$ROLE" = server ] || start_unit=k3s-agent
start_server=$ROOT/var/lib/rancher/k3s/server
start_kubeconfig=$ROOT/etc/rancher/k3s/k3s.yaml
start_stamp=$STATE_DIR/k3s.started
start_joining=$STATE_DIR/k3s.joining
start_version=$(version_of "$start_bin")

has_data() { [ -n "$(ls "$start_server/db/etcd" 2>/dev/null || true)" ] && [ ! -e "$start_server/db/etcd/tombstone" ]; }

# The node as the API knows it: version, label of etcd members, and whether etcd lets it vote (empty where k3s does not tell).
start_node() {
  "$start_bin" kubectl --kubeconfig "$start_kubeconfig" --request-timeout=10s "$@" get node "$NODE_NAME" --ignore-not-found \
    -o 'jsonpath={.status.nodeInfo.kubeletVersion} {.metadata.labels.node-role\.kubernetes\.io/etcd} {.status.conditions[?(@.type=="EtcdIsVoter")].status}' 2>/dev/null
}

server_is_in() {
  "$start_bin" kubectl --kubeconfig "$start_kubeconfig" --request-timeout=10s get --raw /readyz >/dev/null 2>&1 || return 1
  case ${DATASTORE:-etcd}/$(start_node || true) in
    "external/$start_version "*) return 0 ;;
    "etcd/$start_version true " | "etcd/$start_version true" | "etcd/$start_version true True") return 0 ;;
    *) return 1 ;;
  esac
}

# An agent has no access to the API. Its kubelet answers, or at least it did not end for five seconds.
agent_is_in() {
  for _ in 1 2 3 4 5; do
    is_running "$start_unit" || return 1
    ! fetch http://127.0.0.1:10248/healthz /dev/null 2>/dev/null || return 0
    sleep 1
  done
}

wait_in() { wait_for "$1" "$NODE_NAME to be in the cluster" "${ROLE}_is_in"; }

# A server whose join was cut short may hold data of a cluster that does not know it, and would never come up with that.
# It gets a minute to end its join, since k3s goes on when a run of these scripts is killed.
clean_half_join() {
  has_data || return 0
  if is_running "$start_unit" && wait_in 60; then return 0; fi
  if [ -f "$start_kubeconfig" ]; then
    start_known=$(start_node --server "$SERVER_URL") || return 0 # nobody to ask: what is there stays
    case $start_known in *' true'*) return 0 ;; esac
  fi
  systemctl stop "$start_unit" >&2 || true
  # Out of the way in one step: half of the data would be worse than all of it. Snapshots of before are no part of it.
  rm -rf "$start_server.left"
  mv "$start_server" "$start_server.left"
  if [ -d "$start_server.left/db/snapshots" ]; then
    mkdir -p "$start_server/db"
    mv "$start_server.left/db/snapshots" "$start_server/db/snapshots"
  fi
  rm -rf "$start_server.left" "$start_kubeconfig"
  changed start "removed what a join that did not end had left"
}

if [ -f "$start_joining" ]; then
  clean_half_join
elif [ "$ROLE" = server ] && [ "$BOOTSTRAP" != yes ] && [ "${DATASTORE:-etcd}" = etcd ] && ! has_data; then
  mkdir -p "$STATE_DIR"
  : >"$start_joining"
fi

start_want=$(started_with "$start_unit")
start_runs=$(cat "$start_stamp" 2>/dev/null || true)

if ! is_running "$start_unit" || [ "$start_runs" != "$start_want" ]; then
  start_word=started
  ! is_running "$start_unit" || start_word=restarted
  start_anew "$start_unit"
  started_as "$start_unit"
  changed start "$start_word $start_unit $start_version"
fi

# The last reason k3s gave for ending, unless it holds the token. With other secrets in the config nobody knows in which form
# they are told there.
start_reason() {
  if [ -n "${SECRET_CONFIG:-}${SECRET_REGISTRIES:-}${SECRET_PROXY_HTTP:-}${SECRET_PROXY_HTTPS:-}" ]; then return 0; fi
  start_last=$(journalctl -u "$start_unit" -n 200 -o cat --no-pager 2>/dev/null | grep 'level=fatal' | tail -n 1 || true)
  case $start_last in
    *"${SECRET_TOKEN##*:}"*) ;;
    *) printf '%s' "$start_last" ;;
  esac
}

if ! wait_in "$WAIT_SECONDS"; then
  say "$(start_reason)"
  fail "$NODE_NAME is not in the cluster after $WAIT_SECONDS s" "see journalctl -u $start_unit on the host, then run again"
fi
rm -f "$start_joining"
