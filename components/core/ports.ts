import type { CustomResourceOptions, Input } from "@pulumi/pulumi";

/**
 * What one part of the platform offers the others once it is up. An add-on declares `needs`, `wants` and `provides` over
 * these names; they order creation and carry typed values. Parts known from config alone (names, in-cluster URLs) are plain
 * strings, so `plan` can show them.
 */
export interface Ports {
  /** The cluster can enforce NetworkPolicies. */
  networkPolicy: { enforcer: string };
  /** Where claims without a class of their own get their volumes; empty name = the cluster's own default class. */
  storageClass: { name: Input<string> };
  /** Zones of DNS that the cluster made and that AWS calls by an id: by the names that the config has for them. */
  dnsZones: { ids: Readonly<Record<string, Input<string>>> };
  /** How traffic reaches the ingress controller. */
  exposure: {
    mode: "loadBalancer" | "hostPort" | "edge";
    /** What a Service of type LoadBalancer carries so that visitors from outside reach it. */
    annotations?: Record<string, string>;
  };
  /** The Gateway API CRDs are there. */
  gatewayApi: { channel: "standard" };
  /** The prometheus-operator CRDs (ServiceMonitor, PrometheusRule ...) are there. */
  monitoringApi: { group: "monitoring.coreos.com" };
  /** An ingress controller serves Ingress objects of this class. */
  ingress: {
    className: string;
    /** Whether it can put basic auth before an Ingress. */
    canBasicAuth: boolean;
    /** Annotations that put generated basic auth before an Ingress; there once the controller is. */
    basicAuth?: (args: BasicAuthArgs) => Record<string, string>;
  };
  /** Certificates are issued for Ingress objects that carry these annotations. */
  tlsIssuer: {
    name: string;
    kind: "ClusterIssuer" | "Issuer";
    ingressAnnotations: Record<string, string>;
    /** It can sign `*.example.com`; ACME http01 cannot. */
    wildcards?: boolean;
  };
  /** A Prometheus-compatible query API, `http://host:port`, and where it takes remote write: one URL per replica, each of which wants everything. */
  metrics: { url: string; writeUrls?: readonly string[] };
  /** A Loki-compatible API for pushing and querying, `http://host:port`. */
  logs: { url: string };
  /** Stores traces: OTLP over gRPC (`host:port`), query API `http://host:port`. */
  traces: { otlpGrpc: string; queryUrl: string };
  /** Receives OTLP from everything: `host:port` for gRPC, URL for HTTP. */
  telemetry: { otlpGrpc: string; otlpHttp: string };
  /** Dashboards are served here inside the cluster. */
  dashboards: { url: string };
  /** Sealed, external or otherwise managed Secrets can be created. */
  secretStore: { kind: string };
}

export type Port = keyof Ports;

/** What a controller needs to put basic auth before one UI: the Secret holds htpasswd lines under `users`. */
export interface BasicAuthArgs {
  name: string;
  namespace: string;
  secretName: Input<string>;
  /** For what the controller makes. Not its own component's: everything that waits for the controller would then wait for the page too. */
  opts: CustomResourceOptions;
}

/** One sentence per port for error texts and docs. */
export const portSummaries: Record<Port, string> = {
  networkPolicy: "enforces NetworkPolicies",
  storageClass: "gives claims their volumes",
  dnsZones: "knows zones of DNS that the cluster made",
  exposure: "brings traffic to the ingress controller",
  gatewayApi: "the Gateway API CRDs",
  monitoringApi: "the prometheus-operator CRDs",
  ingress: "serves Ingress objects",
  tlsIssuer: "issues TLS certificates",
  metrics: "stores metrics and answers PromQL",
  logs: "stores logs",
  traces: "stores traces",
  telemetry: "receives OTLP",
  dashboards: "shows dashboards",
  secretStore: "manages Secrets",
};
