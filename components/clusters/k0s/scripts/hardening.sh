# shellcheck shell=sh
# Puts on a host what its hardened kubelet and API server ask for, or takes it away; the audit log stays. Builds on hardening.sh of
# all kinds.
# Settings: what that takes
# Secrets:  none
# Output:   nothing

take_lock node

keep_kernel hardening "$ROOT/etc/sysctl.d/90-bearstack-k0s.conf"
keep_policies hardening "$HERE_DATA/hardening" 400 "$HERE_DATA/audit"
if [ -n "${AUDIT_POLICY:-}" ]; then
  # kube-apiserver reads and writes there as a user of its own.
  chmod 755 "$HERE_DATA"
  chmod 711 "$HERE_DATA/hardening"
  ! id kube-apiserver >/dev/null 2>&1 || chown -R kube-apiserver "$HERE_DATA/hardening" "$HERE_DATA/audit"
else
  rmdir "$HERE_DATA/hardening" 2>/dev/null || true
fi
