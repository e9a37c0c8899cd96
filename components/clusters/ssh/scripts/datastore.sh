# shellcheck shell=sh
# An etcd that is not on the servers: what they show to it, and a look at it before a cluster is started there. Functions only;
# builds on the lib.sh of the product, which says DATASTORE_DIR.
# Settings: DATASTORE (optional): external where etcd is elsewhere, at one of DATASTORE_ENDPOINTS; then DATASTORE_CA and
#           DATASTORE_CERT, certificates
# Secrets:  DATASTORE_KEY with an external datastore
# Output:   nothing

# keep_datastore: writes its files, or takes them away.
keep_datastore() {
  [ "${DATASTORE:-etcd}" != external ] || [ -n "${SECRET_DATASTORE_KEY:-}" ] || fail "the secret DATASTORE_KEY is missing" "give it to this command on standard input"
  keep_file configure "$DATASTORE_DIR/ca.crt" 644 "${DATASTORE_CA:-}"
  keep_file configure "$DATASTORE_DIR/client.crt" 644 "${DATASTORE_CERT:-}"
  keep_file configure "$DATASTORE_DIR/client.key" 600 "${SECRET_DATASTORE_KEY:-}"
}

# datastore_call URL ARGUMENT...
datastore_call() {
  datastore_url=$1
  shift
  curl -sf --noproxy '*' -m 10 --cacert "$DATASTORE_DIR/ca.crt" --cert "$DATASTORE_DIR/client.crt" \
    --key "$DATASTORE_DIR/client.key" "$@" "$datastore_url"
}

# holds_nothing: it keeps what a cluster was, also when no server is left of that. With new keys none of its Secrets could be read, and
# no token of its pods be trusted.
holds_nothing() {
  [ "${DATASTORE:-etcd}" = external ] || return 0
  datastore_answers=no
  for datastore_member in $DATASTORE_ENDPOINTS; do
    # From /registry/ to the first key that does not begin so.
    datastore_found=$(datastore_call "$datastore_member/v3/kv/range" -X POST \
      -d '{"key":"L3JlZ2lzdHJ5Lw==","range_end":"L3JlZ2lzdHJ5MA==","limit":1,"keys_only":true}') || {
      datastore_call "$datastore_member/version" -o /dev/null || continue
      datastore_answers=yes
      continue
    }
    case $datastore_found in
      *'"kvs"'*) fail "the etcd at $datastore_member holds a cluster already" "use another one, or empty it where nobody needs that cluster" ;;
    esac
    return 0
  done
  [ "$datastore_answers" = yes ] ||
    fail "no member of etcd answers at $DATASTORE_ENDPOINTS" "check addresses, certificates and whether this host reaches it"
  say "etcd has no gateway for HTTP here, so nobody looked whether it is empty"
}
