# shellcheck shell=sh
# What lets a kubelet in is no part of a snapshot: where it is of another certificate authority than the cluster's, it goes, and the
# kubelet asks anew. Functions only; builds on lib.sh.
# Settings: none
# Secrets:  none
# Output:   nothing

# ca_in: of a kubeconfig on standard input.
ca_in() { sed -n 's/^ *certificate-authority-data: *//p' | sed -n 1p; }

# ca_of_token: that of the cluster, in the secret JOIN.
ca_of_token() { printf '%s\n' "${SECRET_JOIN:?}" | sed -n 1p | base64 -d | gunzip | ca_in; }

# kubelet_is_foreign CA: whether this host has a kubeconfig of another one.
kubelet_is_foreign() {
  foreign_has=$(ca_in <"$HERE_DATA/kubelet.conf" 2>/dev/null || true)
  [ -n "$foreign_has" ] && [ -n "$1" ] && [ "$foreign_has" != "$1" ]
}

# forget_kubelet: the kubeconfig last, since it says whether this is done.
forget_kubelet() {
  rm -rf "$HERE_DATA/kubelet/pki"
  rm -f "$HERE_DATA/kubelet.conf"
  changed restore "removed what let the kubelet into another cluster"
}
