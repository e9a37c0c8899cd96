# shellcheck shell=sh
# Writes the config of k0s, and what a host needs to join, readable by root only, and by kube-apiserver what it reads. Builds
# on lib.sh and datastore.sh.
# Settings: ROLE, CONFIG (k0s.yaml, servers only; VRRPPASS in the place of that secret), BOOTSTRAP (yes: starts the cluster)
#           DATASTORE (optional): external where etcd is not on the servers, and what datastore.sh takes
#           PEERS (optional): addresses of the other servers; none of them may serve a cluster when one is to be started.
# Secrets:  JOIN (not for who starts the cluster): the join token, and for a server in a second line what encrypts Secrets.
#           Ignored by a host that has joined.
#           what datastore.sh takes
#           VRRP (only where CONFIG has a place for it): the password of the virtual address.
# Output:   nothing

take_lock node

configure_key=$HERE_DATA/pki/encryption.yaml

# value_in TEXT KEY: a plain value, without quotes.
value_in() { printf '%s\n' "$1" | sed -n "s/^ *$2: *//p" | tr -d "\"'"; }

# What is baked into the data of a cluster cannot change under it.
if [ "$ROLE" = server ] && has_joined; then
  configure_now=$(cat "$HERE_CONFIG" 2>/dev/null || true)
  configure_was=etcd
  ! is_external || configure_was=external
  [ "$configure_was" = "${DATASTORE:-etcd}" ] ||
    fail "the datastore is $configure_was on this host and cannot become ${DATASTORE:-etcd}" "put it back, or make a new cluster"
  for configure_field in podCIDR serviceCIDR IPv6podCIDR IPv6serviceCIDR primaryAddressFamily clusterDomain provider name; do
    configure_old=$(value_in "$configure_now" "$configure_field" | tail -n 1)
    configure_new=$(value_in "$CONFIG" "$configure_field" | tail -n 1)
    [ -z "$configure_now" ] || [ "$configure_old" = "$configure_new" ] ||
      fail "$configure_field is ${configure_old:-empty} on this host and cannot become ${configure_new:-empty}" "put it back, or make a new cluster"
  done
fi

# kube-apiserver reads it as a user of its own.
write_key() {
  mkdir -p "$HERE_DATA/pki"
  chmod 755 "$HERE_DATA"
  chmod 751 "$HERE_DATA/pki"
  write_file configure "$configure_key" 400 "$1"
  ! id kube-apiserver >/dev/null 2>&1 || chown kube-apiserver "$configure_key"
}

configure_join() {
  configure_token=$(printf '%s\n' "${SECRET_JOIN:-}" | sed -n 1p)
  case $configure_token in
    '') fail "the secret JOIN is missing on standard input" "give it to this command" ;;
    *[!A-Za-z0-9+/=]*) fail "the secret JOIN is no join token of k0s" "give what admit printed on a server" ;;
  esac
  # It says where this host joins; what answers there, the join API of servers or the API of the cluster, tells its time.
  configure_url=$({ printf '%s' "$configure_token" | base64 -d | gunzip | sed -n 's/^ *server: *//p' | sed -n 1p; } 2>/dev/null || true)
  [ -z "$configure_url" ] || same_time "$configure_url"
  write_file configure "$HERE_TOKEN" 600 "$configure_token"
  [ "$ROLE" = server ] || return 0
  configure_text=$(printf '%s\n' "$SECRET_JOIN" | sed -n 2p | base64 -d 2>/dev/null) || configure_text=''
  case $configure_text in
    *EncryptionConfiguration*) write_key "$configure_text" ;;
    *) fail "the secret JOIN does not say what encrypts Secrets" "give all that admit printed on a server" ;;
  esac
}

configure_start() {
  nobody_serves 9443/
  holds_nothing
  [ -f "$configure_key" ] || write_key "apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - secretbox: { keys: [{ name: key1, secret: $(head -c 32 /dev/urandom | base64 | tr -d '\n') }] }
      - identity: {}"
}

# kube-apiserver reads them as a user of its own, and must come by.
if [ "$ROLE" = server ]; then
  keep_datastore
  if [ "${DATASTORE:-etcd}" = external ]; then
    chmod go+x "$ROOT/etc/k0s" "$DATASTORE_DIR"
    ! id kube-apiserver >/dev/null 2>&1 || chown kube-apiserver "$DATASTORE_DIR/client.key"
  fi
fi

if ! has_joined || [ -f "$HERE_JOINING" ]; then
  case $ROLE/$BOOTSTRAP in
    server/yes) configure_start ;;
    *) configure_join ;;
  esac
fi

# The password goes to its place by the shell alone: it must not be in the list of processes.
configure_file=${CONFIG:-}
case $configure_file in
  *'authPass: VRRPPASS'*)
    case ${SECRET_VRRP:-} in
      '') fail "the secret VRRP is missing on standard input" "give it to this command" ;;
      *[!A-Za-z0-9]*) fail "the secret VRRP has characters that do not belong in a password of keepalived" "use letters and digits" ;;
    esac
    configure_place='authPass: VRRPPASS'
    configure_file="${configure_file%%"$configure_place"*}authPass: \"$SECRET_VRRP\"${configure_file#*"$configure_place"}"
    ;;
esac
[ "$ROLE" != server ] || write_file configure "$HERE_CONFIG" 600 "$configure_file"
