import type { Port } from "./ports";

interface SlotSpec {
  summary: string;
  /** All choices we mean to have; those without an add-on or built-in answer "not built yet". */
  choices: readonly string[];
  default: string;
  /** Takes several keys, exactly one of them the default. */
  several?: boolean;
  /** The port that `existing: {...}` of this slot stands in for. */
  port?: Port;
}

/** The slots of a platform, in the order people read them. Source: docs/slots.md is generated from here. */
export const slots = {
  cni: { summary: "pod network", choices: ["cluster", "flannel", "calico", "cilium"], default: "cluster", port: "networkPolicy" },
  storage: {
    summary: "volumes",
    choices: ["cluster", "local-path", "longhorn", "openebs", "aws-ebs-csi"],
    default: "cluster",
    several: true,
    port: "storageClass",
  },
  exposure: { summary: "how traffic reaches the ingress", choices: ["cloud", "metallb", "hostport", "envoy", "none"], default: "cloud", port: "exposure" },
  ingress: {
    summary: "HTTP routing",
    choices: ["traefik", "ingress-nginx", "nginx-ingress", "istio", "envoy-gateway", "none"],
    default: "none",
    several: true,
    port: "ingress",
  },
  mesh: { summary: "service mesh", choices: ["istio", "linkerd", "none"], default: "none" },
  certificates: { summary: "TLS certificates", choices: ["cert-manager", "none"], default: "none", port: "tlsIssuer" },
  dns: { summary: "DNS records", choices: ["external-dns", "none"], default: "none" },
  metrics: { summary: "metrics", choices: ["prometheus", "none"], default: "none", port: "metrics" },
  logs: { summary: "logs", choices: ["loki", "none"], default: "none", port: "logs" },
  traces: { summary: "traces", choices: ["tempo", "jaeger", "zipkin", "none"], default: "none", port: "traces" },
  telemetry: { summary: "OTLP receiver", choices: ["opentelemetry-collector", "none"], default: "none", port: "telemetry" },
  dashboards: { summary: "dashboards", choices: ["grafana", "none"], default: "none", port: "dashboards" },
  ci: { summary: "continuous integration", choices: ["tekton", "none"], default: "none" },
  cd: { summary: "continuous delivery", choices: ["argocd", "flux", "none"], default: "none" },
  secrets: {
    summary: "secrets in Git or from outside",
    choices: ["pulumi", "sealed-secrets", "sops", "external-secrets"],
    default: "pulumi",
    several: true,
    port: "secretStore",
  },
  tenancy: { summary: "teams", choices: ["namespaces", "capsule", "hnc"], default: "namespaces" },
  policy: { summary: "admission policies", choices: ["gatekeeper", "none"], default: "none" },
  sso: { summary: "single sign-on", choices: ["pomerium", "ory", "oauth2-proxy", "none"], default: "none" },
  backup: { summary: "backup", choices: ["velero", "none"], default: "none" },
  autoscaling: { summary: "node scaling", choices: ["cluster-autoscaler", "karpenter", "none"], default: "none" },
} as const satisfies Record<string, SlotSpec>;

export type Slot = keyof typeof slots;

export const slotNames = Object.keys(slots) as Slot[];

/** The spec of a slot with its optional fields visible to the compiler. */
export function slotSpec(slot: Slot): SlotSpec {
  return slots[slot];
}

/** Choices that need no add-on: nothing is installed, or the platform layer itself does the work. */
export const builtins: Partial<Record<Slot, readonly string[]>> = {
  cni: ["cluster"],
  storage: ["cluster"],
  exposure: ["cloud", "hostport", "none"],
  secrets: ["pulumi"],
  tenancy: ["namespaces"],
};

export function isBuiltin(slot: Slot, choice: string): boolean {
  return choice === "none" || choice === "existing" || (builtins[slot]?.includes(choice) ?? false);
}
