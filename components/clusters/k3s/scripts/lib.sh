# shellcheck shell=sh
# What the shared scripts ask of k3s. Functions only.
# Settings: none
# Secrets:  none
# Output:   nothing

k3s_bin=$ROOT/usr/local/bin/k3s

# Whether k3s is on this host.
is_here() { [ -x "$k3s_bin" ]; }

# kube ARGUMENT...: kubectl as the administrator, by way of this server.
kube() { "$k3s_bin" kubectl --kubeconfig "$ROOT/etc/rancher/k3s/k3s.yaml" "$@"; }

# Members of etcd, "<node> True" where the node is up.
members() {
  kube --request-timeout=15s get nodes -l node-role.kubernetes.io/etcd=true \
    -o 'jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}'
}

# forget_member NODE: k3s takes a server out of etcd once its node is deleted.
forget_member() { :; }

# version_of BINARY
version_of() { "$1" --version 2>/dev/null | awk '$1 == "k3s" && $2 == "version" { print $3 }'; }

# started_with UNIT: a digest of what a process started now would run with.
started_with() {
  {
    version_of "$k3s_bin"
    cat "$ROOT/etc/systemd/system/$1.service" "$ROOT/etc/rancher/k3s/config.yaml"
    cat "$STATE_DIR/k3s.images" 2>/dev/null || true
    for k3s_file in pod-security.yaml audit.yaml datastore registries.yaml registries; do
      find "$ROOT/etc/rancher/k3s/$k3s_file" -type f 2>/dev/null | LC_ALL=C sort | while IFS= read -r k3s_part; do cat "$k3s_part"; done
    done
    cat "$ROOT/etc/systemd/system/$1.service.env" 2>/dev/null || true
  } | sha256sum | cut -d ' ' -f 1
}

# started_as UNIT: notes with what it was started.
started_as() {
  started_with "$1" >"$STATE_DIR/k3s.started.new"
  mv "$STATE_DIR/k3s.started.new" "$STATE_DIR/k3s.started"
}
