# shellcheck shell=sh
# Puts on a host what its hardened kubelet and API server ask for; takes away no policy, since the API server may still read it.
# Builds on hardening.sh of all kinds.
# Settings: what that takes
# Secrets:  none
# Output:   nothing

take_lock node

keep_kernel hardening "$ROOT/etc/sysctl.d/90-bearstack-hardening.conf"
if [ -n "${AUDIT_POLICY:-}" ]; then keep_policies hardening "$KUBE_ETC/hardening" 600 "$ROOT/var/log/kubernetes/audit"; fi
