# shellcheck shell=sh
# Writes the files that options of the config ask for, all of them before k3s starts, and takes away those of an option that is
# off.
# Settings: KUBE_VIP (manifest of a static pod), DATASTORE_CA and DATASTORE_CERT (for the database); each may be empty
# Secrets:  DATASTORE_KEY (optional)
# Output:   nothing

take_lock node

options_etc=$ROOT/etc/rancher/k3s
options_data=$ROOT/var/lib/rancher/k3s

# Its folders are as open as k3s makes them.
[ -z "${KUBE_VIP:-}" ] || (umask 022 && mkdir -p "$options_data/agent/pod-manifests")
keep_file options "$options_data/agent/pod-manifests/kube-vip.yaml" 600 "${KUBE_VIP:-}"

keep_file options "$options_etc/datastore/ca.crt" 600 "${DATASTORE_CA:-}"
keep_file options "$options_etc/datastore/client.crt" 600 "${DATASTORE_CERT:-}"
keep_file options "$options_etc/datastore/client.key" 600 "${SECRET_DATASTORE_KEY:-}"
