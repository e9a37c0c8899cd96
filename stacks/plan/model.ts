import type { Cloud } from "../../components/core/access";
import type { UiAccess } from "../../components/wiring/exposure";
import type { PodSecurity } from "../../components/core/contributions";
import type { Port } from "../../components/core/ports";
import type { Slot } from "../../components/core/slots";
import type { PlannedKey } from "./keys";
import type { PlannedMade } from "./made";
import type { PlannedCapacity } from "./capacity";
import type { PlannedCost } from "./cost";

export interface PlannedChart {
  name: string;
  version: string;
  repository: string;
  releases: string[];
}

export interface PlannedAddon {
  /** The first slot it fills; null when only others pulled it in. */
  slot: Slot | null;
  slots: Slot[];
  choice: string;
  namespace: string;
  /** Version and name of its main chart; null for native add-ons. */
  version: string | null;
  chart: string | null;
  charts: PlannedChart[];
  needs: Port[];
  wants: Port[];
  provides: Port[];
  dependsOn: string[];
  /** Ports that lead from the add-ons it depends on to it. */
  edges: { from: string; port: Port; needed: boolean }[];
  layer: number;
  pulledBy: string[];
}

export interface PlannedSlot {
  slot: Slot;
  choice: string;
  /** Nothing is installed for it: none, existing, or done by cluster and platform. */
  builtin: boolean;
}

export interface PlannedNamespace {
  name: string;
  podSecurity: PodSecurity;
  /** Add-on or tenant it belongs to. */
  owner: string;
  kind: "addon" | "tenant";
}

export interface PlannedUrl {
  name: string;
  title: string;
  /** Null where the page is not exposed. */
  url: string | null;
  addon: string;
  access: UiAccess["access"];
  reason?: string;
}

/** A service account of an add-on that relies on the cloud of its cluster. */
export interface PlannedIdentity {
  addon: string;
  namespace: string;
  serviceAccount: string;
  cloud: Cloud;
  /** How it gets its identity, in the cloud's own words. */
  by: string;
  rights: string[];
}

/** Sums over the outlines of all charts and native workloads, as the config shapes them. */
export interface Totals {
  addons: number;
  releases: number;
  pods: number;
  /** Cores. */
  cpuRequests: number;
  /** Bytes. */
  memoryRequests: number;
  /** Bytes of all claims. */
  storage: number;
  loadBalancers: number;
  images: number;
  crds: number;
  crdKinds: number;
  namespaces: number;
  /** Nodes there are from the start; a DaemonSet counts on those that take it. */
  nodes: number;
  /** Whether all of them take every DaemonSet. */
  everyNode: boolean;
  /** True when `values`, `version` or `chart` of some add-on is overridden: the outlines do not know what that changes. */
  fromDefaults: boolean;
  /** The add-ons of which that holds. */
  defaultsOf: string[];
}

export interface Plan {
  stack: string;
  cluster: { kind: string; kubernetes: string | null; nodes: number | null };
  domain: string | null;
  slots: PlannedSlot[];
  addons: PlannedAddon[];
  layers: string[][];
  namespaces: PlannedNamespace[];
  urls: PlannedUrl[];
  identities: PlannedIdentity[];
  keys: PlannedKey[];
  /** What is made in the cloud beside the cluster. */
  made: PlannedMade[];
  warnings: string[];
  images: string[];
  totals: Totals;
  /** Null where nothing is known of the nodes. */
  capacity: PlannedCapacity | null;
  /** Null where nobody asks for money. */
  cost: PlannedCost | null;
}
