import type { Scope } from "../../core/addon";
import type { LokiConfig } from "./schema";

/** Three is the least with which every line lies on two pods at least while one is away. */
const HIGHLY_AVAILABLE = 3;

/** Pods of Loki; without object storage there is one, whatever the profile. */
export function lokiReplicas(config: LokiConfig, scope: Pick<Scope, "profile">): number {
  return config.replicas ?? (config.objects && scope.profile === "ha" ? HIGHLY_AVAILABLE : 1);
}

/** On how many pods a line is held until it is flushed. Two copies would stop all writing as soon as one pod is away. */
export function replicationFactor(replicas: number): number {
  return replicas >= HIGHLY_AVAILABLE ? HIGHLY_AVAILABLE : 1;
}
