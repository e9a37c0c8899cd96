# shellcheck shell=sh
# Writes the files that options of the config ask for, all of them before k3s starts, and takes away those of an option that is
# off. Builds on proxy.sh.
# Settings: ROLE, KUBE_VIP (manifest of a static pod), DATASTORE_CA and DATASTORE_CERT (for the database),
#           REGISTRIES (mirrors, yaml), REGISTRY_CAS (certificates, lines "<file> <base64>"),
#           PROXY_HTTP, PROXY_HTTPS, PROXY_NO, POD_SECURITY and AUDIT_POLICY (policies, yaml),
#           KERNEL (lines "<key>=<value>" for sysctl); each but the role may be empty
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

keep_file options "$options_etc/pod-security.yaml" 600 "${POD_SECURITY:-}"
keep_file options "$options_etc/audit.yaml" 600 "${AUDIT_POLICY:-}"
if [ -n "${AUDIT_POLICY:-}" ] && [ ! -d "$options_data/audit" ]; then
  mkdir -p "$options_data/audit"
  changed options "made $options_data/audit"
fi
[ ! -d "$options_data/audit" ] || chmod 700 "$options_data/audit"

# Settings of the kernel that are not as they are to be.
options_kernel() {
  printf '%s\n' "$KERNEL" | while IFS='=' read -r options_key options_value; do
    [ "$(cat "$ROOT/proc/sys/$(printf '%s' "$options_key" | tr . /)" 2>/dev/null || true)" = "$options_value" ] || printf '%s ' "$options_key"
  done
}
options_sysctl=$ROOT/etc/sysctl.d/90-bearstack-k3s.conf
keep_file options "$options_sysctl" 644 "${KERNEL:-}"
if [ -n "${KERNEL:-}" ] && [ -n "$(options_kernel)" ]; then
  command -v sysctl >/dev/null 2>&1 || fail "sysctl is not on this host, so the kernel cannot be set" "install procps"
  sysctl -p "$options_sysctl" >&2 || fail "the kernel does not take $(options_kernel)" "see above; in a container it must be set on the machine around it"
fi
