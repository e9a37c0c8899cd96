import { hardenedFlags } from "../ssh/hardening";

/** Not below /etc/k0s, which is closed to the API server's own user; hardening.sh fills it. */
const FOLDER = "/var/lib/k0s/hardening";
const AUDIT_LOG = "/var/lib/k0s/audit/audit.log";

const flags = hardenedFlags(FOLDER, AUDIT_LOG);

/** k0s itself turns profiling off, chooses ciphers and has neither anonymous users nor a port without TLS. */
export const HARDENED = { ...flags, kubelet: { "protect-kernel-defaults": "true", ...flags.kubelet } };
