# shellcheck shell=sh
# Lets one host in, from a server of the cluster: mints a join token for it alone, which ends after a day.
# Builds on lib.sh.
# Settings: NODE, NODE_ROLE (server or agent), NODE_ADDRESS
#           ANEW (optional; yes: the API knows its node of before, from a snapshot)
# Secrets:  none
# Output:   the token, which is a secret; for a server in a second line what encrypts Secrets, in base64

take_lock admit

wait_for 60 "the cluster to answer" api_answers || fail "the cluster does not answer on this host" "see journalctl -u k0scontroller here, then run again"

# "<address> <name>" of a member with the address of the host. One without a name was let in and never came.
admit_member() { peers | awk -v address="$NODE_ADDRESS" '$1 == address { print $1, $2 }'; }
admit_is_in() {
  if [ "${ANEW:-no}" = yes ]; then
    case $(admit_member) in *' ') return 1 ;; *) return 0 ;; esac
  fi
  [ -n "$(kube --request-timeout=15s get node "$NODE" --ignore-not-found -o name)" ]
}

# etcd lets an address in once. What a join that was cut short left there would keep the host out for ever, so it goes, but
# not before a join that still runs had its time.
forget_half_join() {
  admit_tries=0
  while [ -n "$(admit_member)" ] && ! admit_is_in; do
    if [ "$admit_tries" -ge "${ADMIT_SECONDS:-60}" ]; then
      "$HERE_BIN" etcd leave --peer-address "$NODE_ADDRESS" >&2 ||
        fail "etcd counts a join of $NODE that did not end, and does not let it go" "see k0s etcd member-list here, then run again"
      changed admit "took a join of $NODE that did not end out of etcd"
      return 0
    fi
    [ $((admit_tries % 10)) -ne 0 ] || say "waiting for the join of $NODE that is under way"
    admit_tries=$((admit_tries + 1))
    sleep 1
  done
}

case $NODE_ROLE in
  server)
    is_external || forget_half_join
    admit_role=controller
    ;;
  *) admit_role=worker ;;
esac
admit_token=$("$HERE_BIN" token create --role="$admit_role" --expiry=24h) || fail "k0s makes no join token" "see the reason above, then run again"

# Agents join by the endpoint, as k0s puts it into the token. A server joins by this one: what stands in front of the servers
# need not carry the port for that.
if [ "$NODE_ROLE" = server ]; then
  admit_here=$(status address)
  [ -n "$admit_here" ] || fail "k0s does not say which address it has" "see k0s status -o json on this host"
  case $admit_here in *:*) admit_here="[$admit_here]" ;; esac
  admit_token=$(printf '%s' "$admit_token" | base64 -d | gunzip | sed "s|^\( *server: \).*|\1https://$admit_here:9443|" | gzip -9 | base64 | tr -d '\n')
fi
printf '%s\n' "$admit_token"
[ "$NODE_ROLE" != server ] || { base64 <"$HERE_DATA/pki/encryption.yaml" | tr -d '\n' && echo; }
