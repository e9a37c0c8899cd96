# shellcheck shell=sh
# What the steps of a restore share. The parts of the control plane are stopped by taking their manifests out of the kubelet's
# sight, and started by putting them back. Functions and names only; builds on lib.sh.
# Settings: NODE_NAME, WAIT_SECONDS, where parts are started
# Secrets:  none
# Output:   nothing

PARTS_DIR=$KUBE_ETC/manifests
PARTS_ASIDE=$STATE_DIR/kubeadm.manifests
ETCDUTL=$STATE_DIR/kubeadm.etcdutl

# part_file PART: where its manifest is now.
part_file() { if [ -f "$PARTS_DIR/$1.yaml" ]; then printf '%s' "$PARTS_DIR/$1.yaml"; else printf '%s' "$PARTS_ASIDE/$1.yaml"; fi; }

# etcd_flag NAME: of etcd here, running or not.
etcd_flag() { sed -n "s/^ *- --$1=//p" "$(part_file etcd)" 2>/dev/null; }
etcd_data() { printf '%s%s' "$ROOT" "$(etcd_flag data-dir)"; }
etcd_url() { etcd_flag advertise-client-urls | cut -d , -f 1; }

etcd_is_well() {
  case $(curl -s -m 5 --noproxy '*' --cacert "$KUBE_ETC/pki/etcd/ca.crt" --cert "$KUBE_ETC/pki/etcd/healthcheck-client.crt" \
    --key "$KUBE_ETC/pki/etcd/healthcheck-client.key" "$(etcd_url)/health" 2>/dev/null || true) in
    *'"health":"true"'*) ;;
    *) return 1 ;;
  esac
}

# move_manifest FROM TO: whole or not at all, also to another disk.
move_manifest() {
  mkdir -p "$(dirname "$2")"
  cp -p "$1" "$(dirname "$2")/.$(basename "$2").new"
  mv "$(dirname "$2")/.$(basename "$2").new" "$2"
  rm -f "$1"
}

# start_part PART
start_part() {
  [ -f "$PARTS_DIR/$1.yaml" ] || move_manifest "$PARTS_ASIDE/$1.yaml" "$PARTS_DIR/$1.yaml"
  rm -f "$PARTS_ASIDE/$1.yaml"
}

restore_node_is_there() { kube --request-timeout=10s get node "$NODE_NAME" >/dev/null 2>&1 || return 1; }

# serve_again: starts what works on etcd, and sees to a node that the snapshot does not know. Kubelets register once, at their start.
serve_again() {
  for restore_part in kube-apiserver kube-controller-manager kube-scheduler; do start_part "$restore_part"; done
  wait_for "$WAIT_SECONDS" "the API of $NODE_NAME" api_answers ||
    fail "the API of $NODE_NAME does not answer after $WAIT_SECONDS s" "see the log of kube-apiserver on this host (crictl ps, crictl logs), then run again"
  restore_node_is_there || {
    systemctl restart kubelet >&2
    wait_for "$WAIT_SECONDS" "$NODE_NAME to register" restore_node_is_there ||
      fail "$NODE_NAME does not register" "see journalctl -u kubelet on the host, then run again"
    kube --request-timeout=15s label node "$NODE_NAME" --overwrite node-role.kubernetes.io/control-plane= \
      node.kubernetes.io/exclude-from-external-load-balancers= >&2
    changed restore "had $NODE_NAME register again"
  }
}

# get_etcdutl: what makes data of a snapshot, out of the image that etcd runs from. Older images have it as a part of etcdctl.
get_etcdutl() {
  [ ! -x "$ETCDUTL" ] || return 0
  restore_image=$(sed -n 's/^ *image: *//p' "$(part_file etcd)" | tr -d "\"'")
  restore_mount=$ROOT/run/bearstack-etcd-image
  ctr -n k8s.io images unmount --rm "$restore_mount" >/dev/null 2>&1 || true # of a run that was killed
  mkdir -p "$restore_mount" "$STATE_DIR"
  restore_found=''
  if ctr -n k8s.io images mount "$restore_image" "$restore_mount" >/dev/null; then
    for restore_program in etcdutl etcdctl; do
      if "$restore_mount/usr/local/bin/$restore_program" snapshot restore --help 2>&1 | grep -q -e --data-dir; then
        restore_found=$restore_program
        cp "$restore_mount/usr/local/bin/$restore_program" "$ETCDUTL.new"
        break
      fi
    done
    ctr -n k8s.io images unmount --rm "$restore_mount" >/dev/null 2>&1 || say "$restore_image stays mounted at $restore_mount"
  fi
  rmdir "$restore_mount" 2>/dev/null || true
  if [ -z "$restore_found" ]; then
    restore_own=$(command -v etcdutl || true)
    [ -n "$restore_own" ] || fail "etcdutl is neither in the image $restore_image nor on this host" "put etcdutl of etcd's release to /usr/local/bin, then run again"
    cp "$restore_own" "$ETCDUTL.new"
  fi
  chmod 700 "$ETCDUTL.new"
  mv "$ETCDUTL.new" "$ETCDUTL"
}
