# shellcheck shell=sh
# Writes the config of k3s, tokens included, readable by root only.
# Settings: ROLE, CONFIG (yaml without secrets), BOOTSTRAP (yes: starts the cluster), SERVER_URL (where to join; may be empty)
#           DATASTORE (optional): external where a database keeps the cluster instead of etcd here.
#           PEERS (optional): addresses of the other servers; none of them may serve a cluster when one is to be started.
# Secrets:  TOKEN (what servers share, or what an agent joins with), AGENT_TOKEN (servers only)
#           CONFIG (optional): more lines of yaml, those that are secret.
# Output:   nothing

take_lock node

configure_file=$ROOT/etc/rancher/k3s/config.yaml
configure_etcd=$ROOT/var/lib/rancher/k3s/server/db/etcd
configure_has_data=no
# A tombstone says that the cluster let this member go: k3s throws the data away and joins anew.
[ -z "$(ls "$configure_etcd" 2>/dev/null || true)" ] || [ -e "$configure_etcd/tombstone" ] || configure_has_data=yes

# value_in TEXT KEY: of a top level key with a plain value, without quotes.
value_in() { printf '%s\n' "$1" | sed -n "s/^$2: *//p" | tr -d "\"'"; }

# plain_token NAME VALUE: tokens go into yaml as they are.
plain_token() {
  case $2 in
    '') fail "the secret $1 is missing on standard input" "give it to this command" ;;
    *[!A-Za-z0-9:._-]*) fail "the secret $1 has characters that do not belong in a token" "use letters, digits, '-', '_' and '.'" ;;
  esac
}

configure_now=$(cat "$configure_file" 2>/dev/null || true)

# What is baked into the data of a cluster, or known to it by name, cannot change under it.
if [ "$configure_has_data" = yes ] || [ -f "$ROOT/etc/rancher/node/password" ]; then
  for configure_key in node-name cluster-cidr service-cidr cluster-domain; do
    configure_old=$(value_in "$configure_now" "$configure_key")
    configure_new=$(value_in "$CONFIG" "$configure_key")
    [ -z "$configure_old" ] || [ "$configure_old" = "$configure_new" ] ||
      fail "$configure_key is $configure_old on this host and cannot become ${configure_new:-empty}" "put it back, or make a new cluster"
  done
fi

# A cluster does not move from etcd to a database or back: it would be another, empty one.
configure_store=${DATASTORE:-etcd}
configure_was=$configure_store
[ "$configure_has_data" = no ] || configure_was=etcd
[ -z "$(value_in "$configure_now" datastore-endpoint)" ] || configure_was=external
[ "$ROLE" != server ] || [ "$configure_was" = "$configure_store" ] ||
  fail "this server has its cluster in a datastore that is $configure_was, which cannot become $configure_store" "put it back, or make a new cluster"

configure_token=${SECRET_TOKEN:-}
plain_token TOKEN "$configure_token"

# keep_token: the one that is there, where it only has another form, so that nothing restarts for it.
keep_token() {
  configure_old=$(value_in "$configure_now" token)
  [ "${configure_old##*::server:}" != "${configure_token##*::server:}" ] || configure_token=$configure_old
}

configure_join=''
if [ "$ROLE" = server ] && [ "$configure_store" = external ]; then
  keep_token # servers find each other in the database
elif [ "$ROLE" = server ] && [ "$configure_has_data" = yes ]; then
  # With data k3s looks at neither how it joined nor the form of its token.
  configure_join=$(printf '%s\n' "$configure_now" | grep -E '^(cluster-init|server):' || true)
  keep_token
elif [ "$ROLE" = server ] && [ "$BOOTSTRAP" = yes ]; then
  nobody_serves 6443/ping
  configure_join='cluster-init: true'
elif [ -n "$SERVER_URL" ]; then
  same_time "$SERVER_URL"
  configure_join="server: \"$SERVER_URL\""
else
  fail "this host neither starts a cluster nor knows where to join one" "give BOOTSTRAP=yes or SERVER_URL"
fi

configure_text="$CONFIG
token: \"$configure_token\""
if [ "$ROLE" = server ]; then
  plain_token AGENT_TOKEN "${SECRET_AGENT_TOKEN:-}"
  configure_text="$configure_text
agent-token: \"$SECRET_AGENT_TOKEN\""
fi
[ -z "$configure_join" ] || configure_text="$configure_text
$configure_join"
[ -z "${SECRET_CONFIG:-}" ] || configure_text="$configure_text
$SECRET_CONFIG"

write_file configure "$configure_file" 600 "$configure_text"
