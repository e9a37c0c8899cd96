# shellcheck shell=sh
# Writes the files that options of the config ask for, all of them before k3s starts, and takes away those of an option that is
# off.
# Settings: KUBE_VIP (manifest of a static pod); it may be empty
# Secrets:  none
# Output:   nothing

take_lock node

options_data=$ROOT/var/lib/rancher/k3s

# Its folders are as open as k3s makes them.
[ -z "${KUBE_VIP:-}" ] || (umask 022 && mkdir -p "$options_data/agent/pod-manifests")
keep_file options "$options_data/agent/pod-manifests/kube-vip.yaml" 600 "${KUBE_VIP:-}"
