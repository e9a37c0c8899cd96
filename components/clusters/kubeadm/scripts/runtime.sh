# shellcheck shell=sh
# Makes a container runtime ready: kernel, containerd, runc, plugins for networks. Builds on release.sh, proxy.sh and registries.sh.
# Settings: RUNTIME (distribution: packages; releases: of the versions CONTAINERD, RUNC and PLUGINS, from RUNTIME_ARTIFACTS)
#           VERSION (of Kubernetes), IMAGES (the registry), FORWARD (ipv4, ipv6 or both), those of proxy.sh and registries.sh
# Secrets:  REGISTRIES, PROXY_HTTP, PROXY_HTTPS; each may be missing
# Output:   nothing

take_lock node

runtime_config=$ROOT/etc/containerd/config.toml
runtime_mine=$STATE_DIR/kubeadm.containerd
runtime_plugins=$ROOT/opt/cni/bin
runtime_arch=$(host_arch amd64 arm64)

# Kernel: now and after a boot. What has no module is built in, or is missed by whoever needs it.

write_file runtime "$ROOT/etc/modules-load.d/bearstack-kubernetes.conf" 644 "overlay
br_netfilter"
if [ -z "$ROOT" ]; then
  for runtime_module in overlay br_netfilter; do modprobe "$runtime_module" 2>/dev/null || true; done
fi
runtime_keys=''
for runtime_family in $FORWARD; do
  case $runtime_family in
    ipv6) runtime_keys="$runtime_keys net/ipv6/conf/all/forwarding" ;;
    *) runtime_keys="$runtime_keys net/ipv4/ip_forward" ;;
  esac
done
runtime_text=''
for runtime_key in $runtime_keys net/bridge/bridge-nf-call-iptables net/bridge/bridge-nf-call-ip6tables; do
  runtime_text="$runtime_text$(printf '%s' "$runtime_key" | tr / .) = 1
"
  [ ! -f "$ROOT/proc/sys/$runtime_key" ] || [ "$(cat "$ROOT/proc/sys/$runtime_key")" = 1 ] || printf '1\n' >"$ROOT/proc/sys/$runtime_key"
done
write_file runtime "$ROOT/etc/sysctl.d/90-bearstack-kubernetes.conf" 644 "${runtime_text%?}"

# Programs

runtime_bin=containerd
[ "$RUNTIME" != releases ] || runtime_bin=$ROOT/usr/local/bin/containerd
runtime_version() { "$runtime_bin" --version 2>/dev/null | awk '{ print $3 }' | sed 's/^v//'; }

# by_proxy COMMAND...: with the proxies of the config in the environment of that one process, which soon ends. Without any, with
# those that the host may have.
by_proxy() (
  export DEBIAN_FRONTEND=noninteractive
  by_http=$(proxy_for http://)
  by_https=$(proxy_for https://)
  [ -z "$by_http" ] || export http_proxy="$by_http"
  [ -z "$by_https" ] || export https_proxy="$by_https"
  [ -z "$by_http$by_https" ] || export no_proxy="${PROXY_NO:-}"
  "$@"
)

# Packages are put down first, so that a run after an interruption still knows whose they are.
install_packages() {
  if command -v apt-get >/dev/null 2>&1; then
    runtime_packages='containerd runc containernetworking-plugins'
  elif command -v dnf >/dev/null 2>&1; then
    runtime_packages='containerd runc containernetworking-plugins'
  elif command -v zypper >/dev/null 2>&1; then
    runtime_packages='containerd runc cni-plugins'
  else
    fail "this distribution has none of apt-get, dnf, zypper" "install containerd, or set runtime.from to releases"
  fi
  printf '%s\n' "$runtime_packages" >"$STATE_DIR/kubeadm.packages"
  say "installing $runtime_packages"
  # shellcheck disable=SC2086 # names are several words
  if command -v apt-get >/dev/null 2>&1; then
    by_proxy apt-get -q update >&2 &&
      by_proxy apt-get -q install -y --no-install-recommends $runtime_packages >&2
  elif command -v dnf >/dev/null 2>&1; then
    by_proxy dnf -q install -y $runtime_packages >&2
  else
    by_proxy zypper -q --non-interactive install --no-recommends $runtime_packages >&2
  fi || fail "the packages $runtime_packages cannot be installed" "see above; where the distribution has none, set runtime.from to releases"
  changed runtime "installed $runtime_packages"
}

# get_part REPOSITORY VERSION FILE SUMS TARGET: one file of a release on GitHub, checked.
get_part() {
  part_folder=$STATE_DIR/kubeadm.part
  mkdir -p "$part_folder"
  (ARTIFACTS=$RUNTIME_ARTIFACTS/$1/releases/download get_release "$2" "$3" "$part_folder/file")
  (ARTIFACTS=$RUNTIME_ARTIFACTS/$1/releases/download get_release "$2" "$4" "$part_folder/sums")
  checked_by "$part_folder/sums" "$3" "$part_folder/file" "$3 $2"
  mv "$part_folder/file" "$5"
  rm -rf "$part_folder"
}

# One line per part that is there, with its version.
has_part() { grep -qxF "$1 $2" "$STATE_DIR/kubeadm.parts" 2>/dev/null; }
note_part() {
  { grep -v "^$1 " "$STATE_DIR/kubeadm.parts" 2>/dev/null || true; } >"$STATE_DIR/kubeadm.parts.new"
  printf '%s %s\n' "$1" "$2" >>"$STATE_DIR/kubeadm.parts.new"
  mv "$STATE_DIR/kubeadm.parts.new" "$STATE_DIR/kubeadm.parts"
  changed runtime "put $1 $2 in place"
}

install_releases() {
  if ! has_part containerd "$CONTAINERD"; then
    runtime_file=containerd-${CONTAINERD#v}-linux-$runtime_arch.tar.gz
    get_part containerd/containerd "$CONTAINERD" "$runtime_file" "$runtime_file.sha256sum" "$STATE_DIR/kubeadm.tar"
    tar -xzf "$STATE_DIR/kubeadm.tar" -C "$ROOT/usr/local"
    rm -f "$STATE_DIR/kubeadm.tar"
    note_part containerd "$CONTAINERD"
  fi
  if ! has_part runc "$RUNC"; then
    mkdir -p "$ROOT/usr/local/sbin"
    get_part opencontainers/runc "$RUNC" "runc.$runtime_arch" runc.sha256sum "$ROOT/usr/local/sbin/runc.new"
    chmod 755 "$ROOT/usr/local/sbin/runc.new"
    mv "$ROOT/usr/local/sbin/runc.new" "$ROOT/usr/local/sbin/runc"
    note_part runc "$RUNC"
  fi
  if ! has_part plugins "$PLUGINS"; then
    runtime_file=cni-plugins-linux-$runtime_arch-$PLUGINS.tgz
    get_part containernetworking/plugins "$PLUGINS" "$runtime_file" "$runtime_file.sha256" "$STATE_DIR/kubeadm.tar"
    mkdir -p "$runtime_plugins"
    tar -xzf "$STATE_DIR/kubeadm.tar" -C "$runtime_plugins"
    rm -f "$STATE_DIR/kubeadm.tar"
    note_part plugins "$PLUGINS"
  fi
  # As containerd ships it.
  write_file runtime "$ROOT/etc/systemd/system/containerd.service" 644 "[Unit]
Description=containerd container runtime
Documentation=https://containerd.io
After=network.target dbus.service

[Service]
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target"
}

if [ "$RUNTIME" = releases ]; then
  if command -v containerd >/dev/null 2>&1 && [ ! -f "$STATE_DIR/kubeadm.parts" ]; then
    fail "a containerd is on this host, and BearStack did not put it there" "remove it, or set runtime.from to distribution to use it"
  fi
  install_releases
else
  [ ! -f "$STATE_DIR/kubeadm.parts" ] || fail "containerd is here from releases" "keep runtime.from: releases; to change over, take the host out, run, and add it again"
  # An installation that was cut off is done again.
  if ! command -v containerd >/dev/null 2>&1 || { [ -f "$STATE_DIR/kubeadm.packages" ] && [ ! -f "$runtime_mine" ]; }; then install_packages; fi
fi

runtime_has=$(runtime_version)
runtime_major=${runtime_has%%.*}
runtime_minor=${VERSION#v1.}
runtime_minor=${runtime_minor%%.*}
case $runtime_major in
  [1-9]) ;;
  *) fail "cannot read which version of containerd is on this host ($runtime_has)" "see containerd --version" ;;
esac
# Version 2 tells kubelets which driver of cgroups it uses; from 1.37 on they no longer do without (KEP-4033).
case $runtime_has in
  1.[0-6].*) fail "containerd $runtime_has is on this host, 1.7 is needed" "upgrade it, or set runtime.from to releases" ;;
  1.*)
    [ "$runtime_minor" -le 36 ] || fail "containerd $runtime_has is on this host, Kubernetes from 1.37 on needs 2.0" "upgrade it, or set runtime.from to releases"
    [ "$runtime_minor" -lt 36 ] || say "containerd $runtime_has will not do for Kubernetes 1.37"
    ;;
esac

# Networks look for plugins in one place, distributions keep them in another.
mkdir -p "$runtime_plugins"
for runtime_folder in "$ROOT/usr/lib/cni" "$ROOT/usr/libexec/cni"; do
  for runtime_plugin in "$runtime_folder"/*; do
    [ -f "$runtime_plugin" ] || continue
    runtime_link=$runtime_plugins/${runtime_plugin##*/}
    [ -e "$runtime_link" ] || {
      ln -sf "${runtime_plugin#"$ROOT"}" "$runtime_link"
      changed runtime "linked ${runtime_link#"$ROOT"}"
    }
  done
done

# Config: cgroups by systemd as the kubelet has them, and the image that holds a pod together. An image that kubeadm and
# containerd disagree on would be collected as garbage.

runtime_pause=$("$KUBE_BIN/kubeadm" config images list --kubernetes-version "$VERSION" --image-repository "$IMAGES" 2>/dev/null | grep '/pause:' || true)
[ -n "$runtime_pause" ] || fail "kubeadm does not say which pause image belongs to $VERSION" "run kubeadm config images list on the host"
if [ "$runtime_major" -ge 2 ]; then
  runtime_text="version = 3

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '$runtime_pause'

[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = '/etc/containerd/certs.d'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = true"
else
  runtime_text="version = 2

[plugins.\"io.containerd.grpc.v1.cri\"]
  sandbox_image = \"$runtime_pause\"

[plugins.\"io.containerd.grpc.v1.cri\".registry]
  config_path = \"/etc/containerd/certs.d\"

[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]
  runtime_type = \"io.containerd.runc.v2\"

[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]
  SystemdCgroup = true"
fi
if [ -f "$runtime_config" ] && [ ! -f "$runtime_mine" ] && [ ! -f "$runtime_config.before-bearstack" ]; then
  cp "$runtime_config" "$runtime_config.before-bearstack"
fi
runtime_mode=644
[ -z "${SECRET_REGISTRIES:-}" ] || runtime_mode=600
write_file runtime "$runtime_config" "$runtime_mode" "$runtime_text$(registries_access "$runtime_major")"
keep_registries runtime "$ROOT/etc/containerd/certs.d"
keep_proxy_beside runtime containerd

runtime_want=$({
  printf '%s\n' "$runtime_has"
  cat "$runtime_config"
  cat "$ROOT/etc/systemd/system/containerd.service.env" 2>/dev/null || true
} | sha256sum | cut -d ' ' -f 1)
if [ "$(cat "$runtime_mine" 2>/dev/null || true)" != "$runtime_want" ] || ! is_running containerd; then
  systemctl daemon-reload >&2
  systemctl enable containerd >&2
  systemctl restart containerd >&2 || fail "containerd does not start" "see journalctl -u containerd on the host"
  printf '%s\n' "$runtime_want" >"$runtime_mine"
  changed runtime "started containerd $runtime_has"
fi
