# shellcheck shell=sh
# Prints the token that servers join with, in the form that names the certificate authority of the cluster.
# Settings: ONLY_CA (optional; yes: no more than what names it, which agents may know)
# Secrets:  none
# Output:   the token, which is a secret

token_file=$ROOT/var/lib/rancher/k3s/server/token
case $(cat "$token_file" 2>/dev/null || true) in
  K10*::server:*) if [ "${ONLY_CA:-}" = yes ]; then sed 's/::.*//' "$token_file"; else cat "$token_file"; fi ;;
  *) fail "this server has no token yet" "see journalctl -u k3s on the host: it must have started once" ;;
esac
