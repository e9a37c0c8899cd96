# shellcheck shell=sh
# Gives the cluster its new token, before configure.sh writes it down: data in etcd is encrypted with it, so the cluster has to be
# told first. The server with the generated token does it, the others find it done. Builds on lib.sh and data.sh.
# Settings: ROLE, DATASTORE (optional; external: the token opens what a database holds)
# Secrets:  TOKEN (generated for the first server, in its long form for others)
# Output:   nothing

take_lock node

token_server=$ROOT/var/lib/rancher/k3s/server
token_now=$(config_value token)

token_has_cluster() {
  if [ "${DATASTORE:-etcd}" = external ]; then [ -f "$token_server/token" ]; else [ -n "$(ls "$token_server/db/etcd" 2>/dev/null || true)" ]; fi
}

# rotate_token OLD NEW: what `k3s token rotate` sends; that takes tokens on its command line alone.
rotate_token() {
  command -v curl >/dev/null 2>&1 || fail "curl is not on this host, which hands the new token over" "install it, then run again"
  printf 'url = "https://127.0.0.1:6443/v1-k3s/token"\nrequest = "PUT"\ncacert = "%s"\nuser = "server:%s"\ndata = "{\\"newToken\\":\\"%s\\"}"\n' \
    "$token_server/tls/server-ca.crt" "$1" "$2" | curl -fsS -m 60 -K - >&2
}

if [ "$ROLE" = server ] && [ -n "$token_now" ] && [ -n "${SECRET_TOKEN:-}" ] && token_has_cluster &&
  [ "$(secret_of "$token_now")" != "$(secret_of "$SECRET_TOKEN")" ]; then
  case $SECRET_TOKEN in *[!A-Za-z0-9:._-]*) fail "the new token has characters that do not belong in one" "use letters, digits, '-', '_' and '.'" ;; esac
  # k3s writes the token it has to this file: a run that was cut after the rotation finds it there.
  if [ "${SECRET_TOKEN##*::*}" != "$SECRET_TOKEN" ]; then
    keep_token "$token_now"
  elif [ "$(secret_of "$(cat "$token_server/token" 2>/dev/null || true)")" != "$SECRET_TOKEN" ]; then
    keep_token "$token_now"
    say "rotating the token of the cluster"
    rotate_token "$(secret_of "$token_now")" "$SECRET_TOKEN" ||
      fail "k3s did not take the new token" "see journalctl -u k3s on the host: it must run, with etcd whole; then run again"
    changed rotate "rotated the token of the cluster"
    sleep 1 # until etcd has it everywhere, as k3s' own command has it
  fi
fi
