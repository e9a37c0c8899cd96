import type * as k8s from "@pulumi/kubernetes";
import type { ComponentResource, Input, Output, Resource } from "@pulumi/pulumi";
import type * as z from "zod";
import type { Cloud, CloudAccess } from "../core/access";
import type { From } from "../core/contributions";
import type { Ports } from "../core/ports";
import type { Slot } from "../core/slots";
import type { Bill, Use } from "./capacity/bill";
import type { Capacity } from "./capacity/model";
import type { CloudThings } from "./cloud-things";
import type { PinnedKubeconfig } from "./kubeconfig";
import type { Made } from "./made";
import type { Distribution } from "./ssh/distribution";

/** The definition of one kind of cluster: its config and what it offers, without the SDK. */
export interface ClusterDefinition<S extends z.ZodType = z.ZodType> {
  kind: string;
  summary: string;
  schema: S;
  /** It is made of the hosts of its config, over SSH: see ssh/distribution.ts. */
  onHosts?: true;
  /** What the cluster itself can do, from config alone. */
  offers(config: z.output<S>): ClusterOffers;
  /** What it is made of and what it has for pods, from config alone; absent where only others know. */
  capacity?(config: z.output<S>): Capacity;
  /** What that costs by the list, roughly; absent where nobody asks for money. */
  bill?(config: z.output<S>, use: Use): Bill;
  load(): Promise<ClusterModule>;
  /** What runs on the hosts, without the SDK, for commands of their day 2. */
  distribution?(): Promise<Distribution<any>>;
  /** How the kubeconfig is made anew before its certificate ends; absent where that needs nobody. */
  renewKubeconfig?: string;
  /** Reads the kubeconfig without the SDK, for `verify` and `recover`; absent where only the stack's state knows it. */
  access?(): Promise<{ kubeconfig(config: any, stack: string): Promise<PinnedKubeconfig> }>;
  /** Looks in the cloud for what is left of it, for `leftovers`; absent where there is no cloud that would keep any. */
  cloudThings?(): Promise<CloudThings>;
}

export interface ClusterOffers {
  /** Name of what enforces NetworkPolicies; undefined where nothing does. */
  networkPolicy: string | undefined;
  /** Storage class for claims; "" = the cluster's default class; undefined = it has none. */
  storageClass: string | undefined;
  /** Services of type LoadBalancer get an address. */
  loadBalancer: boolean;
  /** What such a Service carries where its balancer would else be reached from inside only. */
  loadBalancerAnnotations?: Record<string, string>;
  /** Kubernetes version, where the config says it, e.g. 1.36. */
  kubernetes: string | undefined;
  nodes: number | undefined;
  /** Cloud whose identities its pods can have: add-ons then need no keys of it. */
  identity?: Cloud;
  /** How the cluster gives them, where it is this stack that makes them. */
  identityBy?: string;
  /** kube-system belongs to the cloud: nobody else makes anything in it. */
  closedSystem?: boolean;
  /** Buckets, zones and keys of that cloud that are made with it. */
  made?: readonly Made[];
  warnings: readonly string[];
}

/** A service account of an add-on that relies on an identity of a cloud. */
export type AccessRequest = From<CloudAccess>;

/** What a cluster made for such accounts. */
export interface Granted {
  /** Has to be there before the pods. */
  ready: Resource[];
  /** Annotations that an account must carry to have its identity. */
  annotations?: (account: AccessRequest) => Record<string, Input<string>> | undefined;
}

/** Which cluster it is, as another stack has to know it: nothing secret, and known in a preview. */
export interface ClusterFacts {
  kind: string;
  /** The one context of its kubeconfig. */
  context: string;
  /** The provider's `clusterIdentifier`. */
  identifier: string;
}

/** A cluster once it is there or found. */
export interface ClusterHandle {
  component: ComponentResource;
  kubeconfig: Output<string>;
  facts: Output<ClusterFacts>;
  provider: k8s.Provider;
  /** What the platform waits for before it creates anything. */
  ready: Resource[];
  ports: Partial<Ports>;
  /** Annotations for service accounts that rely on an identity of the cloud. */
  annotations?: Granted["annotations"];
  /** Further outputs of the stack. */
  outputs?: Record<string, Output<unknown>>;
}

export interface ClusterContext {
  stack: string;
  /** True for `plan`: nothing is contacted. */
  offline: boolean;
  /** The time, where it is not that of the clock: for tests of what is renewed. */
  now?: Date;
  /** What fills a slot of the platform; empty for a cluster without one. */
  choices(slot: Slot): readonly string[];
  /** Container ports of the platform that the API server calls, such as those of webhooks; ascending. */
  calledPorts?: readonly number[];
  /** Service accounts of add-ons that rely on an identity of a cloud. */
  access?: readonly AccessRequest[];
  /** True where a destroy leaves what has data in it. */
  keepData?: boolean;
}

export interface ClusterModule {
  create(config: any, context: ClusterContext): Promise<ClusterHandle>;
}

export function defineCluster<S extends z.ZodType>(definition: ClusterDefinition<S>): ClusterDefinition<S> {
  return definition;
}
