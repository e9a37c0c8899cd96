# shellcheck shell=sh
# Renews the certificates of k3s on this host, once for each text: k3s makes them anew when start.sh starts it. A new node has
# new ones. Builds on lib.sh.
# Settings: ROLE, CERTIFICATES (any text; empty: nothing to renew)
# Secrets:  none
# Output:   nothing

take_lock node

rotate_bin=$ROOT/usr/local/bin/k3s
rotate_stamp=$STATE_DIR/k3s.certificates
rotate_unit=k3s
[ "$ROLE" = server ] || rotate_unit=k3s-agent

rotate_has_certificates() {
  case $ROLE in
    server) [ -d "$ROOT/var/lib/rancher/k3s/server/tls" ] ;;
    *) [ -n "$(ls "$ROOT"/var/lib/rancher/k3s/agent/*.crt 2>/dev/null || true)" ] ;;
  esac
}

if [ "$(cat "$rotate_stamp" 2>/dev/null || true)" != "$CERTIFICATES" ]; then
  mkdir -p "$STATE_DIR"
  if [ -n "$CERTIFICATES" ] && rotate_has_certificates; then
    say "renewing the certificates"
    systemctl stop "$rotate_unit" >&2 || true
    "$rotate_bin" certificate rotate >&2 || fail "k3s could not renew its certificates" "see the message above; systemctl start $rotate_unit goes on with those of before"
    changed rotate "renewed the certificates"
  fi
  printf '%s\n' "$CERTIFICATES" >"$rotate_stamp.new"
  mv "$rotate_stamp.new" "$rotate_stamp"
fi
