# shellcheck shell=sh
# What the scripts of k0s share, and what the shared scripts ask of it. Functions and names only.
# Settings: none
# Secrets:  none
# Output:   nothing

# No name begins with K0S_: k0s would read it.
HERE_BIN=$ROOT/usr/local/bin/k0s
HERE_DATA=$ROOT/var/lib/k0s
# shellcheck disable=SC2034 # the other scripts use them
{
  HERE_CONFIG=$ROOT/etc/k0s/k0s.yaml
  HERE_TOKEN=$ROOT/etc/k0s/join-token
  DATASTORE_DIR=$ROOT/etc/k0s/datastore
  HERE_JOINING=$STATE_DIR/k0s.joining # a host that joins and is not in yet
}

is_here() { [ -x "$HERE_BIN" ]; }
# Whether this server was told of an etcd that is not on the servers.
is_external() { grep -q '^ *externalCluster:' "$HERE_CONFIG" 2>/dev/null || return 1; }
version_of() { "$1" version 2>/dev/null | sed -n 1p; }

# As the cluster's administrator, on a server.
kube() { "$HERE_BIN" kubectl "$@"; }

# "<address> <name>" of each member of etcd; one that was let in and never came has no name.
peers() {
  peers_text=$("$HERE_BIN" etcd member-list 2>/dev/null) || return 1
  # shellcheck disable=SC2020 # characters, as meant
  printf '%s\n' "$peers_text" | tr '{},' '\n\n\n' |
    sed -n 's|^ *"\([^"]*\)": *"https://\[\{0,1\}\([^]"]*\)\]\{0,1\}:2380".*|\2 \1|p'
}

# "<node> True|False|Unknown" of each member of etcd. One that is no node counts as down.
members() {
  members_peers=$(peers) || return 1
  members_nodes=$(kube --request-timeout=15s get nodes \
    -o 'jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}') || return 1
  printf '%s\n--\n%s\n' "$members_nodes" "$members_peers" |
    awk '$1 == "--" { peers = 1; next } !peers { ready[$1] = $2; next } NF { print $2, ($2 in ready ? ready[$2] : "False") }'
}

# forget_member NODE: takes a server out of etcd, and what k0s keeps of it.
forget_member() {
  if is_external; then
    kube --request-timeout=15s delete leases.coordination.k8s.io -n kube-node-lease "k0s-ctrl-$1" --ignore-not-found >&2 || true
    return 0
  fi
  forget_address=$(peers | awk -v name="$1" '$2 == name { print $1 }')
  if [ -n "$forget_address" ]; then
    "$HERE_BIN" etcd leave --peer-address "$forget_address" >&2 ||
      fail "$1 is drained, but etcd does not let it go" "see k0s etcd member-list on this host, then run again"
  fi
  kube --request-timeout=15s delete etcdmembers.etcd.k0sproject.io "$1" --ignore-not-found >&2 || true
  kube --request-timeout=15s delete leases.coordination.k8s.io -n kube-node-lease "k0s-ctrl-$1" --ignore-not-found >&2 || true
}

# What the running k0s says of itself: status KEY.
status() { "$HERE_BIN" status -o json 2>/dev/null | sed -n "s/^ *\"$1\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" | sed -n 1p; }

# A server with data of etcd has joined, or with the authority of the cluster where etcd is elsewhere, an agent with a kubeconfig of
# its own; k0s does not look at its token any more.
has_joined() {
  case $ROLE in
    server) if is_external; then [ -e "$HERE_DATA/pki/ca.key" ] && [ -e "$HERE_DATA/pki/ca.crt" ]; else [ -e "$HERE_DATA/etcd/member/snap/db" ]; fi ;;
    *) [ -e "$HERE_DATA/kubelet.conf" ] ;;
  esac
}
