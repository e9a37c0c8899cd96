# shellcheck shell=sh
# Looks whether this host can be a node. Changes nothing, takes no lock, and tells everything it finds at once.
# Settings: PRODUCT, NODE_NAME, PORTS, MIN_MEMORY_MB, MIN_DISK_MB, DATA_DIR
#           UNITS (those of the product), BINARY and VERSION_FLAGS (that make it tell its version), ETCD_DIR (where etcd has its data)
#           INTERFACE (optional): network interface that must be there. MODULES (optional): more modules of the kernel that are needed.
#           CLOCKS (optional): addresses of API servers that must have the same time.
#           PROGRAMS (optional): what the product runs on the host and does not bring.
#           FOREIGN (optional): paths that only an installation by somebody else has, as long as there is none of ours.
#           RESOLVE (optional): names that must resolve here, like those of the endpoint and of the artifacts.
# Secrets:  none
# Output:   facts, a line "name value" each. With findings there is none, and the exit code is 1.

findings=0

# finding CODE WHAT FIX
finding() {
  say "finding $1: $2 → $3"
  findings=$((findings + 1))
}

warning() { say "warning $1: $2 → $3"; }

preflight_data=$ROOT$DATA_DIR
preflight_state=$STATE_DIR/$PRODUCT

# System

[ "$(uname -s)" = Linux ] || finding os "this is $(uname -s), not Linux" "use a host that runs Linux"
case $(uname -m) in
  x86_64) preflight_arch=amd64 ;;
  aarch64 | arm64) preflight_arch=arm64 ;;
  *)
    preflight_arch=$(uname -m)
    finding architecture "there is no $PRODUCT for $preflight_arch here" "use a host with amd64 or arm64"
    ;;
esac

command -v systemctl >/dev/null 2>&1 || finding systemd "there is no systemctl" "use a distribution with systemd"

for preflight_program in ${PROGRAMS:-}; do
  command -v "$preflight_program" >/dev/null 2>&1 ||
    finding program "there is no $preflight_program" "install the package that has it (on Debian: apt-file search bin/$preflight_program)"
done

preflight_machine=$(cat "$ROOT/etc/machine-id" 2>/dev/null || true)
case $preflight_machine in
  '' | uninitialized) finding machine-id "/etc/machine-id is missing or empty" "run systemd-machine-id-setup on $NODE_NAME" ;;
esac

# A host without /sys cannot be judged; one with the first version of cgroups can.
if [ -d "$ROOT/sys/fs/cgroup" ] && [ -n "$(ls "$ROOT/sys/fs/cgroup")" ]; then
  [ -f "$ROOT/sys/fs/cgroup/cgroup.controllers" ] ||
    finding cgroups "cgroups version 2 is not in use" "boot with systemd.unified_cgroup_hierarchy=1, or use a newer distribution"
fi

# Loaded, built in, or there to be loaded. Without the folder of the running kernel nobody can tell.
preflight_modules=$ROOT/lib/modules/$(uname -r)
if [ -d "$preflight_modules" ]; then
  for preflight_module in overlay br_netfilter ${MODULES:-}; do
    [ -d "$ROOT/sys/module/$preflight_module" ] ||
      grep -qs "/$preflight_module\.ko" "$preflight_modules/modules.builtin" "$preflight_modules/modules.dep" ||
      finding kernel-module "the kernel has no module $preflight_module" "install the modules of the running kernel, or boot another kernel"
  done
fi

# Room

preflight_memory=$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' "$ROOT/proc/meminfo")
[ "$preflight_memory" -ge "$MIN_MEMORY_MB" ] ||
  finding memory "$preflight_memory MB of memory, $MIN_MEMORY_MB are needed" "give the host more memory"

[ "$(wc -l <"$ROOT/proc/swaps" 2>/dev/null || echo 0)" -le 1 ] ||
  warning swap "swap is on, memory limits of pods are less exact" "run swapoff -a and take swap out of /etc/fstab"

preflight_disk=$preflight_data
while [ ! -d "$preflight_disk" ]; do preflight_disk=$(dirname "$preflight_disk"); done
preflight_free=$(df -Pk "$preflight_disk" | awk 'NR == 2 { print int($4 / 1024) }')
# A node that is there already has its data on that disk.
[ "$preflight_free" -ge "$MIN_DISK_MB" ] || [ -d "$preflight_data" ] ||
  finding disk "$preflight_free MB are free for $DATA_DIR, $MIN_DISK_MB are needed" "make room, or mount a larger disk there"

# Network

preflight_runs=no
for preflight_unit in $UNITS; do
  ! is_running "$preflight_unit" || preflight_runs=yes
done
if [ "$preflight_runs" = no ]; then
  for preflight_port in $PORTS; do
    # State 0A listens; the local address ends with the port, in hexadecimal.
    ! cat "$ROOT/proc/net/tcp" "$ROOT/proc/net/tcp6" 2>/dev/null |
      awk -v port=":$(printf '%04X' "$preflight_port")\$" '$4 == "0A" && $2 ~ port { found = 1 } END { exit !found }' ||
      finding port "something else listens on port $preflight_port" "stop it: ss -ltnp 'sport = :$preflight_port' names it"
  done
fi

awk '$2 == "00000000" && $8 == "00000000" { found = 1 } END { exit !found }' "$ROOT/proc/net/route" 2>/dev/null ||
  awk '$1 ~ /^0+$/ && $2 == "00" && $10 != "lo" { found = 1 } END { exit !found }' "$ROOT/proc/net/ipv6_route" 2>/dev/null ||
  finding default-route "there is no default route, without one $PRODUCT does not start" "add one, it may lead nowhere: ip route add default via <gateway>"

[ -z "${INTERFACE:-}" ] || grep -qs "^ *$INTERFACE:" "$ROOT/proc/net/dev" ||
  finding interface "there is no network interface $INTERFACE for the virtual address" "name the one that holds the address of this host: ip -br address"

grep -qs '^ *nameserver ' "$ROOT/etc/resolv.conf" ||
  warning dns "/etc/resolv.conf names no name server, pods will ask a public one" "name one there"
for preflight_name in localhost ${RESOLVE:-}; do
  getent ahosts "$preflight_name" >/dev/null 2>&1 || finding dns "the name $preflight_name does not resolve" "check /etc/resolv.conf and /etc/hosts"
done

# Time

[ "$(timedatectl show -p NTPSynchronized --value 2>/dev/null || true)" != no ] ||
  warning clock "no time server sets the clock" "run chrony or systemd-timesyncd"
for preflight_url in ${CLOCKS:-}; do
  preflight_skew=$(clock_skew "$preflight_url")
  [ -z "$preflight_skew" ] ||
    finding clock "the clock is $preflight_skew s away from that of $preflight_url" "set both by the same time server (chrony, systemd-timesyncd)"
done

# What is on the host already

# other UNIT FOLDER WHAT
other() {
  case " $UNITS " in *" $1 "*) return 0 ;; esac
  if [ -e "$ROOT/etc/systemd/system/$1.service" ] || [ -e "$ROOT/lib/systemd/system/$1.service" ] ||
    [ -e "$ROOT/usr/lib/systemd/system/$1.service" ] || [ -e "$ROOT$2" ]; then
    finding other-kubernetes "$3 is on this host" "remove it with its own uninstaller, or take another host"
  fi
}
other kubelet /etc/kubernetes/kubelet.conf "a kubelet of its own (kubeadm)"
other k3s-agent /var/lib/rancher/k3s/agent "an agent of k3s"
other k3s /var/lib/rancher/k3s/server k3s
other rke2-server /var/lib/rancher/rke2 RKE2
other k0scontroller /var/lib/k0s k0s
other k0sworker /etc/k0s/k0s.yaml "a worker of k0s"
other snap.microk8s.daemon-kubelite /var/snap/microk8s MicroK8s

preflight_installed=none
if [ -x "$ROOT$BINARY" ]; then
  # shellcheck disable=SC2086 # flags are several words
  preflight_installed=$("$ROOT$BINARY" $VERSION_FLAGS 2>/dev/null | grep -o 'v1\.[0-9][0-9a-z.+]*' | head -n 1 || true)
  # The installation leaves a mark before anything else, so a node without one was made by somebody else.
  [ -f "$preflight_state.ours" ] ||
    finding foreign "$PRODUCT is on this host, and BearStack did not put it there" "uninstall it; or, to take it over, create $preflight_state.ours"
fi

if [ ! -f "$preflight_state.ours" ]; then
  for preflight_path in ${FOREIGN:-}; do
    [ ! -e "$ROOT$preflight_path" ] ||
      finding foreign "$preflight_path is on this host, and BearStack did not put it there" "remove what it belongs to (kubeadm reset, then its packages), or take another host"
  done
fi

# Nobody counts on what a join that never ended has left, nor on a member that the cluster let go.
preflight_etcd=$ROOT$ETCD_DIR
preflight_datastore=no
if [ -n "$(ls "$preflight_etcd" 2>/dev/null || true)" ] && [ ! -e "$preflight_etcd/tombstone" ] && [ ! -f "$preflight_state.joining" ]; then
  preflight_datastore=yes
fi

[ "$findings" -eq 0 ] || fail "$NODE_NAME cannot be a node yet ($findings findings)" "see to the findings above, then run again"

cat <<FACTS
hostname $(uname -n)
machine_id $preflight_machine
arch $preflight_arch
time $(date +%s)
memory_mb $preflight_memory
installed ${preflight_installed:-none}
datastore $preflight_datastore
FACTS
