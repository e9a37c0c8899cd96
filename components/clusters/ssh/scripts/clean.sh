# shellcheck shell=sh
# What is needed to leave a host as it was: end pods, take down their network, remove files. Functions only.
# Settings: none
# Secrets:  none
# Output:   nothing

# end_groups GROUP...: ends all processes in groups of /sys/fs/cgroup. Names of processes say nothing sure.
end_groups() {
  clean_rounds=0
  while [ "$clean_rounds" -lt 20 ] && [ -n "$(clean_processes "$@")" ]; do
    for clean_process in $(clean_processes "$@"); do kill -9 "$clean_process" 2>/dev/null || true; done
    clean_rounds=$((clean_rounds + 1))
    sleep 0.2
  done
}
clean_processes() {
  for clean_group in "$@"; do
    [ ! -d "$ROOT/sys/fs/cgroup/$clean_group" ] || find "$ROOT/sys/fs/cgroup/$clean_group" -name cgroup.procs -exec cat {} +
  done | grep -v '^0$' || true # 0 is a process that cannot be seen from here, and to kill would mean this one
}

# remove_network INTERFACE...: of pods. A folder has none of its own, so tests in a folder leave that of the machine alone.
remove_network() {
  [ -z "$ROOT" ] || return 0
  if command -v ip >/dev/null 2>&1; then
    for clean_name in $(ip netns list 2>/dev/null | awk '/^cni-/ { print $1 }'); do ip netns delete "$clean_name" || true; done
    for clean_name in "$@"; do
      ! ip link show dev "$clean_name" >/dev/null 2>&1 || ip link delete dev "$clean_name"
    done
  fi
  for clean_tables in iptables ip6tables; do
    command -v "$clean_tables-save" >/dev/null 2>&1 || continue
    clean_rules=$("$clean_tables-save" 2>/dev/null || true)
    case $clean_rules in
      *KUBE-* | *CNI-* | *FLANNEL-*)
        printf '%s\n' "$clean_rules" | grep -v -e KUBE- -e CNI- -e FLANNEL- -e flannel | "$clean_tables-restore" ||
          say "some rules of $clean_tables stay until the next boot"
        ;;
    esac
  done
}

# remove_address ADDRESS INTERFACE: what a pod put there that was ended before it could take it back. Another host has it by now.
remove_address() {
  command -v ip >/dev/null 2>&1 || return 0
  clean_address=$(ip -o addr show dev "$2" 2>/dev/null | awk -v address="$1/" 'index($4, address) == 1 { print $4 }' || true)
  [ -n "$clean_address" ] || return 0
  ip addr del "$clean_address" dev "$2"
  changed leave "took $1 from $2"
}

mounts_below() { awk -v top="$1/" 'index($2, top) == 1 { print $2 }' "$ROOT/proc/mounts" | sort -r; }

# remove PATH...: nothing that is mounted below is ever deleted. A disk that somebody mounted at the path itself is emptied
# and stays mounted.
remove() {
  for clean_path in "$@"; do
    [ -e "$clean_path" ] || [ -L "$clean_path" ] || continue
    if [ -d "$clean_path" ] && [ ! -L "$clean_path" ]; then
      for clean_mount in $(mounts_below "$clean_path"); do umount "$clean_mount" >&2 || umount -l "$clean_mount" >&2 || true; done
      [ -z "$(mounts_below "$clean_path")" ] ||
        fail "$(mounts_below "$clean_path" | tail -n 1) is mounted and in use" "unmount it, then run again"
      rm -rf "${clean_path:?}"/..?* "${clean_path:?}"/.[!.]* "${clean_path:?}"/*
      rmdir "$clean_path" 2>/dev/null || continue
    else
      rm -f "$clean_path"
    fi
    changed leave "removed $clean_path"
  done
}

# stop_unit UNIT: stops and disables it; fails where it goes on.
stop_unit() {
  [ -e "$ROOT/etc/systemd/system/$1.service" ] || return 0
  systemctl stop "$1" >&2 || true
  ! is_running "$1" ||
    fail "$1 does not stop" "see journalctl -u $1 on the host, then run again"
  systemctl disable "$1" >&2 || true
}

# remove_unit UNIT
remove_unit() {
  [ -e "$ROOT/etc/systemd/system/$1.service" ] || return 0
  remove "$ROOT/etc/systemd/system/$1.service"
  systemctl daemon-reload >&2
}

# drop_kernel FILE: settings of the kernel of a hardened host. What they were before nobody knows.
drop_kernel() {
  [ -e "$1" ] || return 0
  remove "$1"
  say "what it set in the kernel stays until the next boot"
}
