# shellcheck shell=sh
# Writes the files that options of the config ask for, all of them before k3s starts, and takes away those of an option that is
# off. Builds on proxy.sh and hardening.sh.
# Settings: ROLE, KUBE_VIP (manifest of a static pod), DATASTORE_CA and DATASTORE_CERT (for the database),
#           REGISTRIES (mirrors, yaml), REGISTRY_CAS (certificates, lines "<file> <base64>"),
#           PROXY_HTTP, PROXY_HTTPS, PROXY_NO, and what hardening.sh takes; each but the role may be empty
# Secrets:  DATASTORE_KEY, REGISTRIES (passwords for registries, yaml), PROXY_HTTP, PROXY_HTTPS; each may be missing
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

options_registries=${REGISTRIES:-}
[ -z "${SECRET_REGISTRIES:-}" ] || options_registries="$options_registries
$SECRET_REGISTRIES"
keep_file options "$options_etc/registries.yaml" 600 "${options_registries#"
"}"
for options_file in "$options_etc"/registries/*.crt; do
  case "
${REGISTRY_CAS:-}" in *"
${options_file##*/} "*) ;; *) keep_file options "$options_file" 600 '' ;; esac
done
printf '%s\n' "${REGISTRY_CAS:-}" | while read -r options_file options_text; do
  [ -z "$options_file" ] || write_file options "$options_etc/registries/$options_file" 600 "$(printf '%s' "$options_text" | base64 -d)"
done

options_unit=k3s
[ "$ROLE" = server ] || options_unit=k3s-agent
keep_proxy options "$options_unit"

keep_policies options "$options_etc" 600 "$options_data/audit"
keep_kernel options "$ROOT/etc/sysctl.d/90-bearstack-k3s.conf"
