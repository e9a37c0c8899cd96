import type { CloudAccess } from "./access";
import type { KeyUse } from "./keys";
import type { Slot } from "./slots";

/** Pod Security Standards level of a namespace (kubernetes.io, Pod Security Standards). */
export type PodSecurity = "restricted" | "baseline" | "privileged";

/** Who may open a connection. A slot stands for whatever add-ons fill it; `host` for node and API server traffic, which no selector can name. */
export type Peer = Slot | "host" | "outside" | "everyone";

/** A web page of an add-on that people open in a browser. */
export interface Ui {
  /** First label of the host name; the platform's domain follows. */
  name: string;
  title: string;
  service: string;
  port: number;
  /** False: it has no login of its own and is exposed only behind `sso` or generated basic auth. */
  ownLogin: boolean;
  namespace?: string;
}

/** An endpoint Prometheus scrapes. `by: chart` means the chart makes its own monitor; otherwise the platform makes one. */
export interface Scrape {
  name: string;
  by: "chart" | "platform";
  /** Container port number, for the NetworkPolicy. */
  port: number;
  /** Port name and labels for a PodMonitor made by the platform. */
  portName?: string;
  path?: string;
  selector?: Record<string, string>;
  namespace?: string;
}

/** A flow into the add-on's namespace; all else is denied. Ports are container ports. */
export interface Flow {
  from: readonly Peer[];
  ports: readonly number[];
  protocol?: "TCP" | "UDP";
  /** Another namespace; `*` for every namespace of the platform. */
  namespace?: string;
  why: string;
}

/** A namespace an add-on needs, with the weakest Pod Security level its pods still run under. */
export interface NamespaceNeed {
  name: string;
  podSecurity: PodSecurity;
  labels?: Record<string, string>;
  /** True where it holds claims, so that `data: keep` can keep it. */
  claims?: boolean;
}

export interface Panel {
  title: string;
  /** PromQL; Loki panels set `source: logs`. */
  expr: string;
  unit?: string;
  legend?: string;
  kind?: "timeseries" | "stat" | "logs";
  source?: "metrics" | "logs";
}

export interface Dashboard {
  name: string;
  title: string;
  panels: readonly Panel[];
}

export interface Alert {
  name: string;
  expr: string;
  for: string;
  severity: "warning" | "critical";
  summary: string;
}

/** A Grafana data source; `uid` is fixed so that others can link to it. */
export interface DataSource {
  name: string;
  type: "prometheus" | "loki" | "tempo" | "jaeger" | "zipkin" | "alertmanager";
  uid: string;
  url: string;
  jsonData?: Record<string, unknown>;
}

/** The Service that serves visitors: where an edge in front of it sends them. */
export interface Backend {
  service: string;
  namespace: string;
  /** Service ports. */
  http: number;
  https: number;
  /** It takes PROXY protocol from inside the cluster, so that visitors keep their address behind an edge. */
  proxyProtocol: boolean;
}

/** A certificate that is no page's: made centrally once an issuer that can sign all its names is there. */
export interface CertificateNeed {
  name: string;
  secretName: string;
  /** `*.` in front only where the issuer can do wildcards. */
  dnsNames: readonly string[];
  namespace?: string;
}

/** Static facts an add-on gives from its config alone; collected over all enabled add-ons before any is created. */
export interface Contributions {
  namespaces?: readonly NamespaceNeed[];
  uis?: readonly Ui[];
  scrapes?: readonly Scrape[];
  flows?: readonly Flow[];
  dashboards?: readonly Dashboard[];
  alerts?: readonly Alert[];
  dataSources?: readonly DataSource[];
  /** Where traces go as OTLP over gRPC, `host:port`; the one with the higher rank wins (telemetry before store). */
  traceSink?: { otlpGrpc: string; rank: number };
  certificates?: readonly CertificateNeed[];
  /** Given by what fills `ingress`; the default choice of the slot wins. */
  backend?: Backend;
  /** Identities of the cloud it relies on, where its config has no keys. */
  access?: readonly CloudAccess[];
  /** What of a cloud it reaches with keys, where its config has some: for the plan. */
  keys?: readonly KeyUse[];
  /** Something the user should know: retired upstream, default that does not fit production ... */
  warnings?: readonly string[];
}

/** A contribution with the add-on that gave it. */
export type From<T> = T & { addon: string; namespace: string };

/** All contributions of the enabled add-ons, each marked with its origin. */
export interface Collected {
  uis: From<Ui>[];
  scrapes: From<Scrape>[];
  flows: From<Flow>[];
  dashboards: From<Dashboard>[];
  alerts: From<Alert>[];
  dataSources: From<DataSource>[];
  certificates: From<CertificateNeed>[];
  access: From<CloudAccess>[];
  keys: From<KeyUse>[];
  traceSink?: { otlpGrpc: string; addon: string };
  backend?: Backend & { addon: string };
}
