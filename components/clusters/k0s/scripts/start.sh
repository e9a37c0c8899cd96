# shellcheck shell=sh
# Starts k0s, or restarts it when its binary, unit or config is another, and waits until the node is in the cluster.
# Settings: ROLE, NODE_NAME, VERSION, WAIT_SECONDS, BOOTSTRAP
#           VIRTUAL_URL (optional): the API at the virtual address, which one of the servers must hold.
# Secrets:  JOIN, VRRP, REGISTRIES and those of proxies, only to keep them out of what this script repeats of the journal
# Output:   nothing

take_lock node

start_unit=k0scontroller
[ "$ROLE" = server ] || start_unit=k0sworker
start_stamp=$STATE_DIR/k0s.started
start_since=@$(date +%s)


# The API answers, etcd counts this host (one that may not vote yet is not answered), and the running k0s and its kubelet are
# of this version.
server_is_in() {
  [ "$(status Version)" = "$VERSION" ] || return 1
  kube --request-timeout=10s get --raw /readyz >/dev/null 2>&1 || return 1
  is_external || peers 2>/dev/null | awk -v name="$NODE_NAME" '$2 == name { found = 1 } END { exit !found }' || return 1
  start_kubelet=$(kube --request-timeout=10s get node "$NODE_NAME" --ignore-not-found -o 'jsonpath={.status.nodeInfo.kubeletVersion}' 2>/dev/null) || return 1
  [ "${start_kubelet%%+*}" = "${VERSION%%+*}" ]
}

# An agent may not look up its node. k0s says whether its kubelet is known to the API, and the kubelet whether it is well.
agent_is_in() {
  [ "$(status Version)" = "$VERSION" ] && [ "$(status Success)" = true ] && fetch http://127.0.0.1:10248/healthz /dev/null 2>/dev/null
}

start_journal() { journalctl -u "$start_unit" --since "$start_since" -n 500 -o cat --no-pager 2>/dev/null || true; }

# A join that was cut short goes on once k0s runs, by what is on the disk or by the token. Only a member that the cluster let
# go meanwhile never comes up: etcd says so, and what it holds is thrown away.
join_again() {
  case $(start_journal) in *'permanently removed from the cluster'*) ;; *) return 0 ;; esac
  systemctl stop "$start_unit" >&2 || true
  # Out of the way in one step: half of the data would be worse than all of it.
  rm -rf "$HERE_DATA/etcd.left"
  mv "$HERE_DATA/etcd" "$HERE_DATA/etcd.left"
  rm -rf "$HERE_DATA/etcd.left"
  changed start "removed what a join that did not end had left"
  start_since=@$(date +%s)
  systemctl start --no-block "$start_unit" >&2
}

# What etcd let in once and never saw it does not let in again, and k0s tries in vain.
is_kept_out() {
  has_joined && return 1
  case $(start_journal) in *'eer URLs already exists'*) return 0 ;; *) return 1 ;; esac
}

# As server_is_in, and sees to a join that stands still.
server_comes_in() {
  ! server_is_in || return 0
  [ -f "$HERE_JOINING" ] || return 1
  ! is_kept_out || return 2
  [ ! -e "$HERE_DATA/etcd" ] || join_again
  return 1
}

agent_comes_in() { agent_is_in || return 1; }

if [ "$BOOTSTRAP" != yes ] && ! has_joined; then
  mkdir -p "$STATE_DIR"
  : >"$HERE_JOINING"
fi

# What a process started now would run with. How it joined is no part of that.
start_want=$({
  printf '%s\n' "$VERSION" "$ARGUMENTS"
  [ "$ROLE" != server ] || cat "$HERE_CONFIG"
  cat "$DATASTORE_DIR/ca.crt" 2>/dev/null || true # the certificate of a client is read anew by itself
  cat "$HERE_DATA"/hardening/*.yaml 2>/dev/null || true # the API server reads them when it starts
  cat "$ROOT/etc/systemd/system/$start_unit.service.env" 2>/dev/null || true
} | sha256sum | cut -d ' ' -f 1)
start_runs=$(cat "$start_stamp" 2>/dev/null || true)

if ! is_running "$start_unit" || [ "$start_runs" != "$start_want" ]; then
  start_word=started
  ! is_running "$start_unit" || start_word=restarted
  start_anew "$start_unit"
  printf '%s\n' "$start_want" >"$start_stamp.new"
  mv "$start_stamp.new" "$start_stamp"
  changed start "$start_word $start_unit $VERSION"
fi

# The last reason k0s gave, unless it holds what nobody may see. In which form that would tell other secrets nobody knows.
start_reason() {
  if [ -n "${SECRET_REGISTRIES:-}${SECRET_PROXY_HTTP:-}${SECRET_PROXY_HTTPS:-}" ]; then return 0; fi
  start_last=$(start_journal | grep -E '^Error: |level=(fatal|error)' | tail -n 1 || true)
  start_secret=$(printf '%s\n' "${SECRET_JOIN:-none}" | sed -n 1p)
  case $start_last in
    *"$start_secret"* | *"${SECRET_VRRP:-$start_secret}"*) ;;
    *) printf '%s' "$start_last" ;;
  esac
}

if ! wait_for "$WAIT_SECONDS" "$NODE_NAME to be in the cluster" "${ROLE}_comes_in"; then
  say "$(start_reason)"
  if [ "$ROLE" = server ] && is_kept_out; then
    fail "etcd counts a join of $NODE_NAME that did not end, and lets it in only once that is gone" \
      "on another server, with the address of $NODE_NAME: k0s etcd leave --peer-address <address>; then run again"
  fi
  fail "$NODE_NAME is not in the cluster after $WAIT_SECONDS s" "see journalctl -u $start_unit on the host, then run again"
fi

# Whoever needs the address comes after this. Any answer will do: certificates are compared by those who come.
address_answers() { curl -ks --noproxy '*' -m 5 -o /dev/null "$VIRTUAL_URL/livez" || return 1; }
if [ -n "${VIRTUAL_URL:-}" ] && command -v curl >/dev/null 2>&1; then
  wait_for "${ADDRESS_SECONDS:-60}" "the virtual address" address_answers ||
    fail "no server answers at the virtual address, $VIRTUAL_URL" \
      "see journalctl -u $start_unit for keepalived: servers must reach each other by VRRP (protocol 112), on the interface of the config"
fi

# It has let the host in, and nobody else may use it.
rm -f "$HERE_JOINING" "$HERE_TOKEN"

# From now on a server that lost its data fails instead of starting a cluster of its own.
if ! grep -q token-file "$ROOT/etc/systemd/system/$start_unit.service"; then
  write_unit
  systemctl daemon-reload >&2
fi

[ "$ROLE" != server ] || [ ! -e "$ROOT/etc/systemd/system/k0s-backup.timer" ] || start_timer start k0s-backup "$STATE_DIR/k0s.timer"
