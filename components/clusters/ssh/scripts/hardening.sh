# shellcheck shell=sh
# What a hardened host has besides: settings of the kernel, policies of the API server and a folder for its audit log. Functions
# only; each takes away what its settings do not ask for.
# Settings: KERNEL (lines "<key>=<value>" for sysctl), POD_SECURITY and AUDIT_POLICY (policies, yaml); each may be missing
# Secrets:  none
# Output:   nothing

# keep_policies PHASE FOLDER MODE AUDIT: the policies, and AUDIT as the folder of the audit log, which stays once it is there.
keep_policies() {
  keep_file "$1" "$2/pod-security.yaml" "$3" "${POD_SECURITY:-}"
  keep_file "$1" "$2/audit.yaml" "$3" "${AUDIT_POLICY:-}"
  keep_audit "$1" "$4"
}

# keep_audit PHASE FOLDER
keep_audit() {
  if [ -n "${AUDIT_POLICY:-}" ] && [ ! -d "$2" ]; then
    mkdir -p "$2"
    changed "$1" "made $2"
  fi
  [ ! -d "$2" ] || chmod 700 "$2"
}

# Settings of the kernel that are not as they are to be.
kernel_differs() {
  printf '%s\n' "$KERNEL" | while IFS='=' read -r kernel_key kernel_value; do
    [ "$(cat "$ROOT/proc/sys/$(printf '%s' "$kernel_key" | tr . /)" 2>/dev/null || true)" = "$kernel_value" ] || printf '%s ' "$kernel_key"
  done
}

# keep_kernel PHASE FILE: now and after a boot.
keep_kernel() {
  keep_file "$1" "$2" 644 "${KERNEL:-}"
  if [ -n "${KERNEL:-}" ] && [ -n "$(kernel_differs)" ]; then
    command -v sysctl >/dev/null 2>&1 || fail "sysctl is not on this host, so the kernel cannot be set" "install procps"
    sysctl -p "$2" >&2 || fail "the kernel does not take $(kernel_differs)" "see above; in a container it must be set on the machine around it"
  fi
}
