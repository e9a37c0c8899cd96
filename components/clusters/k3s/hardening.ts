import { CIPHERS, hardenedFlags } from "../ssh/hardening";

/** Folder of the policies, for root only; options.sh fills it. */
const FOLDER = "/etc/rancher/k3s";
/** Not below the server's own folder: that goes when a join is cleaned up. */
const AUDIT_LOG = "/var/lib/rancher/k3s/audit/audit.log";

const flags = hardenedFlags(FOLDER, AUDIT_LOG);

/** k3s itself turns profiling off and chooses what its API may encrypt with; it has protect-kernel-defaults as an option of its own. */
export const HARDENED = { ...flags, kubelet: { ...flags.kubelet, "tls-cipher-suites": CIPHERS.join(",") } };
