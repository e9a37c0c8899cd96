# shellcheck shell=sh
# What the shared scripts and those of kubeadm ask of a node. Functions only.
# Settings: DATASTORE (optional): external where etcd is not on the servers.
# Secrets:  none
# Output:   nothing

KUBE_BIN=$ROOT/usr/local/bin
KUBE_ETC=$ROOT/etc/kubernetes
# shellcheck disable=SC2034 # datastore.sh uses it
DATASTORE_DIR=$KUBE_ETC/datastore
KUBE_LOG=$ROOT/run/bearstack-kubeadm.log
KUBE_FILE=$ROOT/run/bearstack-kubeadm.yaml

# Whether a server of a cluster is on this host.
is_here() { [ -x "$KUBE_BIN/kubectl" ] && [ -f "$KUBE_ETC/admin.conf" ]; }

# The API of this host itself: the endpoint may lead to another one.
own_address() { sed -n 's/^ *- --advertise-address=//p' "$KUBE_ETC/manifests/kube-apiserver.yaml" 2>/dev/null; }
url_of() { case $1 in *:*) printf 'https://[%s]:%s' "$1" "$2" ;; *) printf 'https://%s:%s' "$1" "$2" ;; esac }

# kube ARGUMENT...: kubectl as the administrator, by way of this server.
kube() { kube_at "$(url_of "$(own_address)" 6443)" "$@"; }

# kube_at URL ARGUMENT...
kube_at() {
  kube_url=$1
  shift
  "$KUBE_BIN/kubectl" --kubeconfig "$KUBE_ETC/admin.conf" --server "$kube_url" "$@"
}

# etcd_call URL METHOD JSON: the API of etcd in its form for HTTP (etcd.io, gRPC gateway).
etcd_call() {
  curl -sf -m 10 --cacert "$KUBE_ETC/pki/etcd/ca.crt" --cert "$KUBE_ETC/pki/etcd/healthcheck-client.crt" \
    --key "$KUBE_ETC/pki/etcd/healthcheck-client.key" -X POST -d "$3" "$1/v3/cluster/member/$2"
}

# member_list URL: a line per member: number, name (- before it has started), address for the others, address for clients, voter or learner.
member_list() {
  etcd_members=$(etcd_call "$1" list '{}') || return 1
  printf '%s\n' "$etcd_members" | tr '{' '\n' | awk '
    function field(key, open) {
      if (!match($0, "\"" key "\":" open "\"[^\"]*\"")) return "-"
      split(substr($0, RSTART, RLENGTH), part, "\"")
      return part[4]
    }
    /"ID":/ { print field("ID", ""), field("name", ""), field("peerURLs", "\\["), field("clientURLs", "\\["), (/"isLearner":true/ ? "learner" : "voter") }'
}

# Members of etcd, "<node> True" where the member is healthy.
members() {
  member_list https://127.0.0.1:2379 | while read -r member_id member_name member_peer member_url member_vote; do
    : "$member_id" "$member_peer" "$member_vote"
    member_up=False
    # etcd asks for no certificate where it only says how it is.
    case $(curl -s -m 5 --cacert "$KUBE_ETC/pki/etcd/ca.crt" --cert "$KUBE_ETC/pki/etcd/healthcheck-client.crt" \
      --key "$KUBE_ETC/pki/etcd/healthcheck-client.key" "$member_url/health" 2>/dev/null || true) in
      *'"health":"true"'*) member_up=True ;;
    esac
    printf '%s %s\n' "$member_name" "$member_up"
  done
}

# remove_member URL NAME PEER: takes a member out of etcd, found by its name, or by its address where it never started.
remove_member() {
  etcd_ids=$(member_list "$1") || return 1
  etcd_id=$(printf '%s\n' "$etcd_ids" | awk -v name="$2" -v peer="$3" '$2 == name || (peer != "" && $3 == peer) { print $1; exit }')
  [ -n "$etcd_id" ] || return 0
  etcd_call "$1" remove "{\"ID\":\"$etcd_id\"}" >/dev/null || return 1
  changed etcd "took $2 out of etcd"
}

# forget_member NODE: kubeadm leaves that to whoever takes a server away.
forget_member() {
  [ "${DATASTORE:-etcd}" != external ] || return 0
  etcd_tries=0
  until remove_member https://127.0.0.1:2379 "$1" ''; do
    [ "$etcd_tries" -lt 30 ] || fail "$1 could not be taken out of etcd" "see the log of etcd on this host (crictl ps, crictl logs), then run again"
    etcd_tries=$((etcd_tries + 1))
    sleep 2
  done
}

# version_of PROGRAM FILE
version_of() {
  [ -x "$2" ] || return 0
  case $1 in
    kubeadm) "$2" version -o short 2>/dev/null ;;
    kubelet) "$2" --version 2>/dev/null | sed -n 's/^Kubernetes //p' ;;
    kubectl) "$2" version --client 2>/dev/null | sed -n 's/^Client Version: //p' ;;
  esac || true
}

# write_config TEXT: for kubeadm alone, and gone as soon as it has ended.
write_config() { (umask 077 && printf '%s\n' "$1" >"$KUBE_FILE"); }

# run_kubeadm ARGUMENT...: its words go to a file that only root reads. It is not ended with this run, since half of its work
# would be worse than all of it; so a later run waits for it. This one speaks now and then: that ends a run whose connection is gone.
run_kubeadm() {
  mkdir -p "$STATE_DIR"
  : >"$KUBE_LOG"
  (
    # What the login has of proxies kubeadm would copy into the manifests of the control plane, a password with it.
    for kubeadm_name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*_[Pp][Rr][Oo][Xx][Yy]\)=.*/\1/p'); do unset "$kubeadm_name"; done
    exec "$KUBE_BIN/kubeadm" "$@"
  ) >"$KUBE_LOG" 2>&1 &
  kubeadm_pid=$!
  process_id "$kubeadm_pid" >"$STATE_DIR/kubeadm.pid"
  kubeadm_rounds=0
  while kill -0 "$kubeadm_pid" 2>/dev/null; do
    [ $((kubeadm_rounds % 10)) -ne 0 ] || say "kubeadm $1 is at work"
    kubeadm_rounds=$((kubeadm_rounds + 1))
    sleep 1
  done
  kubeadm_code=0
  wait "$kubeadm_pid" || kubeadm_code=$?
  rm -f "$STATE_DIR/kubeadm.pid"
  return "$kubeadm_code"
}

# Waits for a kubeadm that an earlier run, cut off since, had started.
wait_for_kubeadm() {
  kubeadm_rounds=0
  while [ -f "$STATE_DIR/kubeadm.pid" ]; do
    kubeadm_other=$(cat "$STATE_DIR/kubeadm.pid")
    if [ -z "$kubeadm_other" ] || [ "$(process_id "${kubeadm_other%%-*}")" != "$kubeadm_other" ]; then
      rm -f "$STATE_DIR/kubeadm.pid"
      return 0
    fi
    [ "$kubeadm_rounds" -lt 600 ] || fail "a kubeadm of an earlier run (process ${kubeadm_other%%-*}) does not end" "end that process, then run again"
    [ $((kubeadm_rounds % 10)) -ne 0 ] || say "waiting for a kubeadm of an earlier run (process ${kubeadm_other%%-*})"
    kubeadm_rounds=$((kubeadm_rounds + 1))
    sleep 1
  done
}

# What kubeadm said last, without lines that hold a secret of this run. Nothing is given to a program: its arguments can be seen.
tell_log() {
  tail -n 15 "$KUBE_LOG" | while IFS= read -r log_line; do
    for log_secret in ${SECRET_JOIN:-} ${SECRET_PROXY_HTTP:-} ${SECRET_PROXY_HTTPS:-}; do
      case $log_line in *"$log_secret"*) continue 2 ;; esac
    done
    say "$log_line"
  done
}

# reset_node: takes off what init or join made, without asking anybody: that is done where the cluster is asked.
reset_node() {
  run_kubeadm reset --force --cleanup-tmp-dir --cri-socket unix:///run/containerd/containerd.sock --kubeconfig "$ROOT/nonexistent" || {
    tell_log
    return 1
  }
}
