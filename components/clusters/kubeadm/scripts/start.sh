# shellcheck shell=sh
# Starts a cluster, joins one, or upgrades the node, and waits until it is in the cluster. What is as it should be stays alone.
# Settings: ROLE, NODE_NAME, VERSION, BOOTSTRAP (yes: starts the cluster), WAIT_SECONDS
#           SANS (servers only): more names of the API
#           CLUSTER, INIT (servers only), JOIN: configs of kubeadm; JOIN has @TOKEN@, @HASH@ and @KEY@ where secrets go
#           PEERS (optional): addresses of the other servers; none of them may serve a cluster when one is to be started.
#           KUBE_VIP (manifest of a static pod), VIRTUAL_ADDRESS: what virtual-address.sh takes; may be empty
#           DATASTORE (optional): external where etcd is not on the servers, at one of DATASTORE_ENDPOINTS
#           CERTIFICATES (optional): what rotate.sh takes
#           KUBELET (optional): what the cluster's config of kubelets has besides; AUDIT_POLICY (optional) says whether policies stay
# Secrets:  JOIN: token, hash of the CA and, for a server, the key of its certificates; unused on a host that is in
# Output:   nothing

take_lock node
wait_for_kubeadm

start_joining=$STATE_DIR/kubeadm.joining   # a join has begun, and has not ended
start_starting=$STATE_DIR/kubeadm.starting # the same for the start of the cluster
start_applied=$STATE_DIR/kubeadm.applied   # what the control plane here was last given
start_sans=$STATE_DIR/kubeadm.sans         # names that the certificate of the API here has
start_stamp=$STATE_DIR/kubeadm.started     # what the kubelet here was last started with
start_kubelet=$STATE_DIR/kubeadm.kubelet   # what its config has besides; no file where that is nothing
rm -f "$KUBE_FILE"

start_manifest() { sed -n 's/^ *image: .*\/kube-apiserver:\(v[0-9.]*\)$/\1/p' "$KUBE_ETC/manifests/kube-apiserver.yaml" 2>/dev/null; }

# Whether the API here serves, etcd lets this member vote, and the node has the version.
server_is_in() {
  [ -f "$KUBE_ETC/admin.conf" ] && [ -f "$KUBE_ETC/kubelet.conf" ] || return 1
  kube --request-timeout=10s get --raw /readyz >/dev/null 2>&1 || return 1
  [ "$(kube --request-timeout=10s get node "$NODE_NAME" --ignore-not-found -o 'jsonpath={.status.nodeInfo.kubeletVersion}' 2>/dev/null || true)" = "$VERSION" ] || return 1
  [ "${DATASTORE:-etcd}" != external ] || return 0
  member_list https://127.0.0.1:2379 2>/dev/null | awk -v name="$NODE_NAME" '$2 == name && $5 == "voter" { found = 1 } END { exit !found }'
}

# The kubelet answers, and the cluster knows the node. It need not be ready: that takes a network, which comes later.
agent_is_in() {
  [ -f "$KUBE_ETC/kubelet.conf" ] || return 1
  fetch http://127.0.0.1:10248/healthz /dev/null 2>/dev/null || return 1
  [ "$("$KUBE_BIN/kubectl" --kubeconfig "$KUBE_ETC/kubelet.conf" --request-timeout=10s get node "$NODE_NAME" -o 'jsonpath={.status.nodeInfo.kubeletVersion}' 2>/dev/null || true)" = "$VERSION" ]
}

wait_in() { wait_for "$1" "$NODE_NAME to be in the cluster" "${ROLE}_is_in"; }

note_applied() {
  printf '%s\n' "$CLUSTER" >"$start_applied"
  printf '%s\n' "$SANS" >"$start_sans"
}
kubelet_now() { version_of kubelet "$KUBE_BIN/kubelet" | cat - "$ROOT/etc/systemd/system/kubelet.service" | sha256sum | cut -d ' ' -f 1; }
stamp_kubelet() {
  if [ -n "${KUBELET:-}" ]; then printf '%s\n' "$KUBELET" >"$start_kubelet"; else rm -f "$start_kubelet"; fi
  kubelet_now >"$start_stamp"
}

# kubeadm_or_fail WHAT FIX ARGUMENT...
kubeadm_or_fail() {
  start_what=$1 start_fix=$2
  shift 2
  start_code=0
  run_kubeadm "$@" || start_code=$?
  rm -f "$KUBE_FILE"
  [ "$start_code" -eq 0 ] && return 0
  tell_log
  fail "$start_what" "$start_fix"
}

# Starting a cluster

start_cluster() {
  # Two clusters out of one list is the worst that can happen here.
  nobody_serves 6443/livez
  holds_nothing
  : >"$start_starting"
  go_on_starting
}

# Every phase takes what is there already, so a start that was cut off goes on with its keys and data. The checks that only say so
# are left out.
go_on_starting() {
  start_ignore=''
  start_made=no
  for start_part in "$KUBE_ETC"/manifests/*; do
    case $start_part in */kube-vip.yaml | *'/*') ;; *) start_made=yes ;; esac
  done
  if [ "$start_made" = yes ]; then
    start_ignore=Port-6443,Port-10259,Port-10257,Port-10250,Port-2379,Port-2380,DirAvailable--var-lib-etcd
    for start_part in kube-apiserver kube-controller-manager kube-scheduler etcd; do
      start_ignore=$start_ignore,FileAvailable--etc-kubernetes-manifests-$start_part.yaml
    done
  fi
  say "starting the cluster"
  put_virtual_address super-admin.conf
  write_config "$INIT
---
$CLUSTER"
  kubeadm_or_fail "the cluster could not be started" "see to what kubeadm says above, then run again" \
    init --config "$KUBE_FILE" --skip-token-print --skip-certificate-key-print ${start_ignore:+--ignore-preflight-errors="$start_ignore"}
  wait_in "$WAIT_SECONDS" || give_up
  keep_virtual_address
  note_applied
  stamp_kubelet
  rm -f "$start_starting"
  changed start "started a cluster of Kubernetes $VERSION"
}

# Joining

join_cluster() {
  # shellcheck disable=SC2086 # three words
  set -- ${SECRET_JOIN:-}
  if [ $# -lt 2 ] || [ -z "$JOIN" ]; then fail "this host neither starts a cluster nor knows how to join one" "give BOOTSTRAP=yes, or JOIN and the secret JOIN"; fi
  [ "$ROLE" != server ] || [ $# -ge 3 ] || fail "the secret JOIN lets in an agent, not a server" "make it anew: pulumi up --replace '**::$NODE_NAME-admit'"
  same_time "https://$(join_address)"
  : >"$start_joining"
  # By the shell alone: what goes through a program can be seen in its arguments.
  start_text=${JOIN%%@TOKEN@*}$1${JOIN#*@TOKEN@}
  start_text=${start_text%%@HASH@*}$2${start_text#*@HASH@}
  [ "$ROLE" != server ] || start_text=${start_text%%@KEY@*}$3${start_text#*@KEY@}
  start_tries=0
  while :; do
    put_virtual_address admin.conf
    write_config "$start_text"
    start_code=0
    run_kubeadm join --config "$KUBE_FILE" || start_code=$?
    rm -f "$KUBE_FILE"
    [ "$start_code" -ne 0 ] || break
    # A node of that name is ready until its silence is noticed.
    if [ "$start_tries" -lt 2 ] && grep -q 'status "Ready" already exists' "$KUBE_LOG"; then
      say "waiting for the cluster to notice that the old $NODE_NAME is gone"
      start_tries=$((start_tries + 1))
      sleep "${RETRY_SECONDS:-40}"
      reset_node || true
      continue
    fi
    tell_log
    fail "$NODE_NAME could not join" "see to what kubeadm says above, then run again; where token or key have expired: pulumi up --replace '**::$NODE_NAME-admit'"
  done
  start_text=''
  wait_in "$WAIT_SECONDS" || give_up
  end_join
}

end_join() {
  [ "$ROLE" != server ] || note_applied
  stamp_kubelet
  rm -f "$start_joining"
  changed start "joined as $ROLE with Kubernetes $VERSION"
}

join_address() { printf '%s\n' "$JOIN" | sed -n 's/^ *apiServerEndpoint: *//p' | tr -d "\"'"; }

# Addresses of the other members of etcd, by the API that this server was to join by.
others_url() {
  kube_at "https://$(join_address)" --request-timeout=10s get pods -n kube-system -l component=etcd \
    -o 'jsonpath={range .items[*]}{.spec.nodeName} {.metadata.annotations.kubeadm\.kubernetes\.io/etcd\.advertise-client-urls}{"\n"}{end}' 2>/dev/null |
    awk -v name="$NODE_NAME" '$1 != name { print $2 }'
}

# A join that was cut off ends here by itself, or all that it left goes, on this host and in the cluster. As long as etcd counts this
# member it must not be stopped: a cluster of two would stop with it. So it is taken out first.
clean_half_join() {
  start_last=etcd # what a server gets last
  [ "${DATASTORE:-etcd}" != external ] || start_last=kube-scheduler
  if [ -f "$KUBE_ETC/manifests/$start_last.yaml" ] || { [ "$ROLE" = agent ] && [ -f "$KUBE_ETC/kubelet.conf" ]; }; then
    is_running kubelet || systemctl start --no-block kubelet >&2
    if wait_in "${HALF_SECONDS:-45}"; then
      [ "$ROLE" != server ] || kube --request-timeout=15s label node "$NODE_NAME" --overwrite node-role.kubernetes.io/control-plane= \
        node.kubernetes.io/exclude-from-external-load-balancers= >&2
      end_join
      return 0
    fi
  fi
  if [ "$ROLE" = server ] && [ "${DATASTORE:-etcd}" != external ] && [ -f "$KUBE_ETC/admin.conf" ] && [ -f "$KUBE_ETC/pki/etcd/healthcheck-client.crt" ]; then
    start_peer=$(url_of "$(own_address)" 2380)
    start_asked=no
    for start_url in $(others_url) https://127.0.0.1:2379; do
      if remove_member "$start_url" "$NODE_NAME" "$start_peer"; then
        start_asked=yes
        break
      fi
    done
    [ "$start_asked" = yes ] ||
      fail "nobody can be asked whether etcd counts this host, whose join was cut off" "bring the other servers up, then run again"
    kube_at "https://$(join_address)" --request-timeout=30s delete node "$NODE_NAME" --ignore-not-found >&2 || true
  fi
  reset_node || fail "what a join that did not end had left cannot be removed" "see to what kubeadm says above, then run again"
  changed start "removed what a join that did not end had left"
  join_cluster
}

# A node that is in

# The control plane's config, but for the version, which is the business of an upgrade.
without_version() { printf '%s\n' "$1" | grep -v '^kubernetesVersion:'; }

reconfigure() {
  start_old=$(cat "$start_applied" 2>/dev/null || true)
  [ "$(without_version "$start_old")" != "$(without_version "$CLUSTER")" ] || return 0
  wait_api
  start_now=$(cluster_version)
  start_text="$INIT
---
$(printf '%s\n' "$CLUSTER" | sed "s/^kubernetesVersion:.*/kubernetesVersion: $start_now/")"
  if [ "$(cat "$start_sans" 2>/dev/null || true)" != "$SANS" ]; then
    # The API server takes a new certificate up by itself.
    rm -f "$KUBE_ETC/pki/apiserver.crt" "$KUBE_ETC/pki/apiserver.key"
    write_config "$start_text"
    kubeadm_or_fail "the certificate of the API could not be made anew" "see to what kubeadm says above, then run again" init phase certs apiserver --config "$KUBE_FILE"
  fi
  for start_phase in 'upload-config all' 'control-plane all'; do
    write_config "$start_text"
    # shellcheck disable=SC2086 # two words
    kubeadm_or_fail "the control plane could not be given its config" "see to what kubeadm says above, then run again" init phase $start_phase --config "$KUBE_FILE"
  done
  sleep "${SETTLE_SECONDS:-5}" # until the kubelet has seen the new manifests
  wait_api
  note_applied
  changed start "gave the control plane another config"
}

# Servers, which come first, have put the config into the cluster; a kubelet reads its own copy when it starts.
keep_kubelet() {
  [ "$(cat "$start_kubelet" 2>/dev/null || true)" != "${KUBELET:-}" ] || return 0
  kubeadm_or_fail "the kubelet could not be given its config" "see to what kubeadm says above, then run again" upgrade node phase kubelet-config
  rm -f "$start_stamp"
}

# Only now: until it had another config the API server read them.
drop_policies() {
  [ -z "${AUDIT_POLICY:-}" ] || return 0
  for start_part in pod-security audit; do keep_file start "$KUBE_ETC/hardening/$start_part.yaml" 600 ''; done
  rmdir "$KUBE_ETC/hardening" 2>/dev/null || true
}

wait_api() { wait_for "$WAIT_SECONDS" "the API of $NODE_NAME" api_answers || give_up; }

# The version the cluster is at, by kubeadm's own note.
cluster_version() {
  kube --request-timeout=15s get configmap kubeadm-config -n kube-system -o 'jsonpath={.data.ClusterConfiguration}' | sed -n 's/^kubernetesVersion: *//p'
}

# The first server that comes upgrades the cluster, the others follow it.
upgrade_server() {
  start_now=$(start_manifest)
  wait_api
  start_noted=$(cluster_version)
  [ "$start_now" != "$VERSION" ] || [ "$start_noted" != "$VERSION" ] || return 0
  start_fix="see to what kubeadm says above, then run again; its check needs ready nodes, which takes a network (docs/kubeadm.md)"
  say "upgrading the control plane of $NODE_NAME from $start_now to $VERSION"
  if [ "$start_noted" = "$VERSION" ]; then
    kubeadm_or_fail "$NODE_NAME could not be upgraded to $VERSION" "$start_fix" upgrade node
  else
    kubeadm_or_fail "the cluster could not be upgraded to $VERSION" "$start_fix" upgrade apply "$VERSION" --yes
  fi
  note_applied
  changed start "upgraded the control plane from $start_now to $VERSION"
}

upgrade_agent() {
  [ -x "$KUBE_BIN/kubelet.next" ] || return 0
  kubeadm_or_fail "the config of the kubelet could not be upgraded to $VERSION" "see to what kubeadm says above, then run again" upgrade node
}

# Restarts the kubelet for another program or unit. Pods outlive it.
restart_kubelet() {
  start_word=''
  if [ -x "$KUBE_BIN/kubelet.next" ]; then
    mv "$KUBE_BIN/kubelet.next" "$KUBE_BIN/kubelet"
    start_word=restarted
  fi
  [ "$(cat "$start_stamp" 2>/dev/null || true)" = "$(kubelet_now)" ] || start_word=restarted
  is_running kubelet || start_word=started
  [ -n "$start_word" ] || return 0
  systemctl daemon-reload >&2
  systemctl restart kubelet >&2
  stamp_kubelet
  changed start "$start_word the kubelet $VERSION"
}

give_up() {
  [ ! -f "$KUBE_LOG" ] || tell_log
  fail "$NODE_NAME is not in the cluster after $WAIT_SECONDS s" "see journalctl -u kubelet on the host, then run again"
}

# A server that the cluster let go, and whose leaving was broken off, is no member any more.
was_let_go() {
  [ "$ROLE" = server ] && [ "${DATASTORE:-etcd}" != external ] && [ -n "$JOIN" ] && ! kube --request-timeout=5s get --raw /readyz >/dev/null 2>&1 || return 1
  for start_url in $(others_url); do
    start_listed=$(member_list "$start_url") || continue
    printf '%s\n' "$start_listed" | awk -v name="$NODE_NAME" '$2 == name { found = 1 } END { exit found }' && return 0
    return 1
  done
  return 1
}

if [ -f "$start_joining" ]; then
  clean_half_join
elif [ -f "$start_starting" ]; then
  go_on_starting
elif [ ! -f "$KUBE_ETC/kubelet.conf" ]; then
  [ -z "$(ls "$ROOT/var/lib/etcd" 2>/dev/null || true)" ] ||
    fail "/var/lib/etcd holds data, but no node is on this host" "if nobody needs them: kubeadm reset on the host, then run again"
  systemctl daemon-reload >&2
  systemctl enable kubelet >&2
  if [ "$ROLE" = server ] && [ "$BOOTSTRAP" = yes ]; then start_cluster; else join_cluster; fi
elif was_let_go; then
  : >"$start_joining"
  clean_half_join
else
  if ! is_running kubelet; then
    # The old one, where a new one lies beside it: a kubelet is never ahead of the API.
    systemctl start --no-block kubelet >&2
    changed start "started the kubelet"
  fi
  if [ "$ROLE" = server ]; then
    rotate_certificates
    keep_virtual_address
    reconfigure
    drop_policies
    keep_kubelet
    upgrade_server
  else
    keep_kubelet
    upgrade_agent
  fi
fi
restart_kubelet
wait_in "$WAIT_SECONDS" || give_up
note_certificates
