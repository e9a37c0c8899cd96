import { stringify } from "yaml";

/** Folder of the policies below, for root only; options.sh fills it. */
const FOLDER = "/etc/rancher/k3s";
/** Not below the server's own folder: that goes when a join is cleaned up. */
const AUDIT_LOG = "/var/lib/rancher/k3s/audit/audit.log";

/** What the kubelet must find in the kernel with protect-kernel-defaults, or it ends. */
export const KERNEL = ["vm.panic_on_oom=0", "vm.overcommit_memory=1", "kernel.panic=10", "kernel.panic_on_oops=1"].join("\n");

/** Flags of the CIS hardening guide of k3s for Kubernetes 1.29 and newer (docs.k3s.io, CIS Hardening Guide). */
export const HARDENED = {
  apiServer: {
    "enable-admission-plugins": "NodeRestriction,EventRateLimit",
    "admission-control-config-file": `${FOLDER}/pod-security.yaml`,
    "audit-policy-file": `${FOLDER}/audit.yaml`,
    "audit-log-path": AUDIT_LOG,
    "audit-log-maxage": "30",
    "audit-log-maxbackup": "10",
    "audit-log-maxsize": "100",
    "service-account-extend-token-expiration": "false",
  },
  controllerManager: { "terminated-pod-gc-threshold": "100" },
  kubelet: {
    "streaming-connection-idle-timeout": "5m",
    "pod-max-pids": "4096",
    "tls-cipher-suites": [
      "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
      "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
      "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
      "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
      "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
      "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
    ].join(","),
  },
} as const;

/**
 * Pods of a namespace that says nothing of its own must be restricted. All namespaces of the platform and of tenants say which
 * level they need, so only that of k3s itself is let off; and events cannot drown the API.
 */
export const POD_SECURITY = stringify({
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
export const AUDIT_POLICY = stringify({ apiVersion: "audit.k8s.io/v1", kind: "Policy", omitStages: ["RequestReceived"], rules: [{ level: "Metadata" }] });
