# shellcheck shell=sh
# Writes the unit of the kubelet and, on servers, the key that Secrets are encrypted with. Starts nothing. Builds on
# lib.sh and datastore.sh.
# Settings: ROLE, NODE_NAME, CLUSTER (servers only: what kubeadm keeps in the cluster)
#           DATASTORE (optional): external where etcd is not on the servers, and what datastore.sh takes
# Secrets:  ENCRYPTION_KEY (servers only), 32 characters; what datastore.sh takes
# Output:   nothing

take_lock node

configure_joined=no
[ ! -f "$KUBE_ETC/kubelet.conf" ] || [ -f "$STATE_DIR/kubeadm.joining" ] || configure_joined=yes

# What is baked into a cluster, or known to it by name, cannot change under it.
# refuse_change WHAT OLD NEW
refuse_change() {
  [ -z "$2" ] || [ "$2" = "$3" ] || fail "$1 is $2 on this host and cannot become ${3:-empty}" "put it back, or make a new cluster"
}
value_in() { printf '%s\n' "$1" | sed -n "s/^ *$2: *//p" | tr -d "\"'" | head -n 1; }

if [ "$configure_joined" = yes ]; then
  configure_name=$(cat "$STATE_DIR/kubeadm.node" 2>/dev/null || true)
  refuse_change "the name of the node" "$configure_name" "$NODE_NAME"
  configure_now=$(cat "$STATE_DIR/kubeadm.applied" 2>/dev/null || true)
  if [ "$ROLE" = server ] && [ -n "$configure_now" ]; then
    for configure_key in podSubnet serviceSubnet dnsDomain controlPlaneEndpoint; do
      refuse_change "$configure_key" "$(value_in "$configure_now" "$configure_key")" "$(value_in "$CLUSTER" "$configure_key")"
    done
    configure_was=etcd
    case $configure_now in *'
  external:'*) configure_was=external ;; esac
    refuse_change "the datastore" "$configure_was" "${DATASTORE:-etcd}"
  fi
fi
printf '%s\n' "$NODE_NAME" >"$STATE_DIR/kubeadm.node"

if [ "$ROLE" = server ]; then
  configure_key=${SECRET_ENCRYPTION_KEY:-}
  case $configure_key in
    *[!A-Za-z0-9]*) fail "the secret ENCRYPTION_KEY has other characters than letters and digits" "give 32 of them" ;;
  esac
  [ "${#configure_key}" -eq 32 ] || fail "the secret ENCRYPTION_KEY is missing or not 32 characters long" "give it to this command on standard input"
  configure_key=$(printf '%s' "$configure_key" | base64)
  configure_file=$KUBE_ETC/encryption/config.yaml
  # Another key would make every Secret of the cluster unreadable.
  if [ "$configure_joined" = yes ] && [ -f "$configure_file" ]; then
    case $(cat "$configure_file") in
      *"secret: $configure_key"*) ;;
      *) fail "the key that this cluster encrypts Secrets with is another one" "put the old key back into the stack (encryption-key)" ;;
    esac
  fi
  write_file configure "$configure_file" 600 "apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - secretbox:
          keys:
            - name: stack
              secret: $configure_key
      - identity: {}"
fi

# With the modes that kubeadm gives them, which brings them along when a server joins.
keep_datastore

# As the packages of Kubernetes have it, in one file.
write_file configure "$ROOT/etc/systemd/system/kubelet.service" 644 "[Unit]
Description=kubelet: The Kubernetes Node Agent
Documentation=https://kubernetes.io/docs/
Wants=network-online.target
After=network-online.target containerd.service

[Service]
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=/usr/local/bin/kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml \$KUBELET_KUBEADM_ARGS
Restart=always
StartLimitInterval=0
RestartSec=10

[Install]
WantedBy=multi-user.target"
