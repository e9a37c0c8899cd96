#!/bin/sh
# First process of a host of the test bed: its own view of the file system, its address, sshd. Waits for a line on
# standard input, which says that its network interface is there; says `ready` on standard output.
# Arguments: folder of the host, folder shared by all hosts, folder of the artefacts, name, address/prefix, gateway, kubectl
set -eu
host=$1 shared=$2 artifacts=$3 name=$4 address=$5 gateway=$6 kubectl=$7
read -r _

mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=/,upperdir=$host/upper,workdir=$host/work" "$host/view"
cd "$host/view"
mount --rbind /dev dev
mount -t proc proc proc
mount -t sysfs sysfs sys
# Hosts of today have the unified hierarchy, whatever the computer with the test bed has. A test bed without it still serves.
mount -t cgroup2 none sys/fs/cgroup 2>/dev/null || true
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount --bind "$shared" srv/bed
mount --bind "$artifacts" srv/artifacts
# What kubeadm looks for, where the test bed has stand-ins for what would use it.
if [ -e "$shared/config.gz" ]; then
  mount --bind "$shared/config.gz" proc/config.gz
  mount --bind "$shared/cgroup.controllers" sys/fs/cgroup/cgroup.controllers
  : >>usr/bin/apt-get
  mount --bind "$shared/kubeadm/apt-get" usr/bin/apt-get
fi
if [ -n "$kubectl" ]; then
  : >opt/bed-kubectl
  mount --bind "$kubectl" opt/bed-kubectl
fi

hostname "$name"
ip link set lo up
ip address add "$address" dev eth0
ip link set eth0 up
# Nobody has this address: what leaves for elsewhere goes nowhere.
ip route add default via "$gateway"

mkdir -p run/sshd
exec chroot . /bin/sh -c '/usr/sbin/sshd -f /etc/ssh/bed_sshd_config -E /var/log/bed-sshd.log && until [ -s /run/sshd.pid ]; do sleep 0.02; done && echo ready && exec >/dev/null
  # Takes in the processes that lost their parent: one that ended must not be seen as running.
  while :; do sleep 1 & wait; done'
