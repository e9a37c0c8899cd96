# shellcheck shell=sh
# Prints the token that servers and agents join with, in the form that names the certificate authority of the cluster.
# Settings: none
# Secrets:  none
# Output:   the token, which is a secret

token_file=$ROOT/var/lib/rancher/k3s/server/token
case $(cat "$token_file" 2>/dev/null || true) in
  K10*::server:*) cat "$token_file" ;;
  *) fail "this server has no token yet" "see journalctl -u k3s on the host: it must have started once" ;;
esac
