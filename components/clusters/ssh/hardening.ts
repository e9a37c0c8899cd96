import { createHash } from "node:crypto";
import { stringify } from "yaml";
import * as z from "zod";
import type { Host } from "./hosts";

/** `hardening` of a kind of cluster; `guide` says whose settings they are. */
export const hardening = (kind: string, guide: string) =>
  z
    .enum(["none", "cis"])
    .default("none")
    .describe(`cis: the settings of ${guide}: kernel, audit log, restricted pods, flags. docs/${kind}.md says what it leaves to you.`);

/** What the kubelet must find in the kernel with protect-kernel-defaults, or it ends. */
const KERNEL = ["vm.panic_on_oom=0", "vm.overcommit_memory=1", "kernel.panic=10", "kernel.panic_on_oops=1"].join("\n");

/** Suites of TLS 1.2 that no benchmark objects to. */
export const CIPHERS = [
  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
] as const;

/**
 * Flags of Kubernetes by the CIS Kubernetes Benchmark and the hardening guide of k3s for 1.29 and newer (docs.k3s.io, CIS Hardening
 * Guide) that no kind of cluster sets by itself. hardening.sh puts the policies into `folder`.
 */
export const hardenedFlags = (folder: string, auditLog: string) => ({
  apiServer: {
    "enable-admission-plugins": "NodeRestriction,EventRateLimit",
    "admission-control-config-file": `${folder}/pod-security.yaml`,
    "audit-policy-file": `${folder}/audit.yaml`,
    "audit-log-path": auditLog,
    "audit-log-maxage": "30",
    "audit-log-maxbackup": "10",
    "audit-log-maxsize": "100",
    "service-account-extend-token-expiration": "false",
  },
  controllerManager: { "terminated-pod-gc-threshold": "100" },
  kubelet: { "streaming-connection-idle-timeout": "5m", "pod-max-pids": "4096" },
});

/**
 * Pods of a namespace that says nothing of its own must be restricted. All namespaces of the platform and of tenants say which
 * level they need, so only that of the cluster itself is let off; and events cannot drown the API.
 */
const POD_SECURITY = stringify({
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "AdmissionConfiguration",
  plugins: [
    {
      name: "PodSecurity",
      configuration: {
        apiVersion: "pod-security.admission.config.k8s.io/v1",
        kind: "PodSecurityConfiguration",
        defaults: {
          enforce: "restricted",
          "enforce-version": "latest",
          audit: "restricted",
          "audit-version": "latest",
          warn: "restricted",
          "warn-version": "latest",
        },
        exemptions: { usernames: [], runtimeClasses: [], namespaces: ["kube-system"] },
      },
    },
    {
      name: "EventRateLimit",
      configuration: {
        apiVersion: "eventratelimit.admission.k8s.io/v1alpha1",
        kind: "Configuration",
        limits: [{ type: "Server", qps: 5000, burst: 20000 }],
      },
    },
  ],
});

/** Who did what, without what was in it. */
const AUDIT_POLICY = stringify({ apiVersion: "audit.k8s.io/v1", kind: "Policy", omitStages: ["RequestReceived"], rules: [{ level: "Metadata" }] });

/** Another text for other policies, for what must start anew to read them. */
export const policiesDigest = (): string => createHash("sha256").update(`${POD_SECURITY}${AUDIT_POLICY}`).digest("hex").slice(0, 8);

/** What hardening.sh puts on a host. */
export function hardeningSettings({ role }: Host, config: { hardening: "none" | "cis" }): Record<string, string> {
  if (config.hardening === "none") return {};
  return { KERNEL, ...(role === "server" ? { POD_SECURITY, AUDIT_POLICY } : {}) };
}
