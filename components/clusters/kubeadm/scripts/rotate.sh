# shellcheck shell=sh
# Renews the certificates of a server, once for each text. Functions only; builds on lib.sh.
# Settings: ROLE, NODE_NAME, INIT, WAIT_SECONDS, CERTIFICATES (any text; empty: nothing to renew)
# Secrets:  none
# Output:   nothing

rotate_stamp=$STATE_DIR/kubeadm.certificates
rotate_mark=$(printf '%s' "${CERTIFICATES:-}" | sha256sum | cut -c 1-16)

# What the kubelet starts anew: a manifest with an annotation for this text. It stays one that the kubelet knows at any moment, so a
# run that is cut off leaves no part stopped.
with_mark() {
  awk -v mark="    bearstack.dev/renewed: \"$rotate_mark\"" '
    /^    bearstack\.dev\/renewed:/ { next }
    /^metadata:/ { inside = 1; print; next }
    inside && /^  annotations:/ { print; print mark; marked = 1; next }
    inside && /^[^ ]/ {
      if (!marked) { print "  annotations:"; print mark }
      inside = 0
    }
    { print }'
}

mark_manifest() {
  rotate_text=$(with_mark <"$1")
  printf '%s\n' "$rotate_text" >"${1%/*}/.${1##*/}.new"
  chmod 600 "${1%/*}/.${1##*/}.new"
  mv "${1%/*}/.${1##*/}.new" "$1"
}

# The pod that the API shows for each is the new one, and ready.
parts_run_anew() {
  for rotate_part in $rotate_parts; do
    [ "$(kube --request-timeout=10s get pod -n kube-system "$rotate_part-$NODE_NAME" \
      -o 'jsonpath={.metadata.annotations.bearstack\.dev/renewed} {.status.containerStatuses[0].ready}' 2>/dev/null || true)" = "$rotate_mark true" ] || return 1
  done
}

# On a server that is in. All at once, since certificates that have ended let no part be asked by another.
rotate_certificates() {
  [ -n "${CERTIFICATES:-}" ] && [ "$(cat "$rotate_stamp" 2>/dev/null || true)" != "$CERTIFICATES" ] || return 0
  say "renewing the certificates"
  write_config "$INIT
---
$(cat "$STATE_DIR/kubeadm.applied")"
  kubeadm_or_fail "the certificates could not be renewed" "see to what kubeadm says above, then run again" certs renew all --config "$KUBE_FILE"
  rotate_parts=''
  for rotate_part in etcd kube-apiserver kube-controller-manager kube-scheduler; do
    [ -f "$KUBE_ETC/manifests/$rotate_part.yaml" ] || continue
    mark_manifest "$KUBE_ETC/manifests/$rotate_part.yaml"
    rotate_parts="$rotate_parts $rotate_part"
  done
  wait_for "$WAIT_SECONDS" "$NODE_NAME to run with new certificates" parts_run_anew ||
    fail "not all of$rotate_parts run with new certificates after $WAIT_SECONDS s" "see their logs in /var/log/pods on the host, then run again"
  changed rotate "renewed the certificates"
}

# A new server has new ones.
note_certificates() {
  [ "$ROLE" = server ] || return 0
  printf '%s\n' "${CERTIFICATES:-}" >"$rotate_stamp"
}
