# shellcheck shell=sh
# Mints what lets one host into the cluster: a token for a day and, for a server, a key for two hours that opens the keys of the
# cluster, which are put into it encrypted.
# Settings: NODE, NODE_ROLE (server or agent)
# Secrets:  none
# Output:   token, hash of the certificate authority and, for a server, the key, in one line, which is a secret

[ -f "$KUBE_ETC/admin.conf" ] || fail "this server has no cluster yet" "see journalctl -u kubelet on the host: it must have joined once"
wait_for_kubeadm

admit_command=$("$KUBE_BIN/kubeadm" token create --kubeconfig "$KUBE_ETC/admin.conf" --ttl 24h --description "for $NODE" --print-join-command) ||
  fail "no token could be made for $NODE" "see whether the API on this host answers: kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes"
# kubeadm join <address> --token <token> --discovery-token-ca-cert-hash <hash>; taken apart by the shell alone.
admit_token='' admit_hash='' admit_word=''
for admit_next in $admit_command; do
  case $admit_word in
    --token) admit_token=$admit_next ;;
    --discovery-token-ca-cert-hash) admit_hash=$admit_next ;;
  esac
  admit_word=$admit_next
done

admit_key=''
if [ "$NODE_ROLE" = server ]; then
  admit_file=$ROOT/run/bearstack-admit.yaml
  printf '%s\n' "apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
nodeRegistration: { criSocket: unix:///run/containerd/containerd.sock }
---
$(cat "$STATE_DIR/kubeadm.applied")" >"$admit_file"
  admit_said=$("$KUBE_BIN/kubeadm" init phase upload-certs --upload-certs --kubeconfig "$KUBE_ETC/admin.conf" --config "$admit_file") || {
    rm -f "$admit_file"
    fail "the keys of the cluster could not be put there for $NODE" "see what kubeadm says above, then run again"
  }
  rm -f "$admit_file"
  for admit_word in $admit_said; do admit_key=$admit_word; done # the last word
  [ "${#admit_key}" -eq 64 ] || fail "kubeadm did not say the key for $NODE" "run kubeadm init phase upload-certs on the host to see why"
fi
printf '%s %s %s\n' "$admit_token" "$admit_hash" "$admit_key"
