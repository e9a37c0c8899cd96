import { outlineOf } from "../../components/security/network-policies";
import type { OutlineObject, OutlineToleration } from "../../components/core/lock";
import type { ResolvedAddon } from "../../components/core/resolve";
import type { CommonConfig } from "../../components/core/schema";
import type { Facts } from "../rules/rule";
import { askedBy, defaultRequestOf } from "./asked";

/** Where pods may run. */
export interface Place {
  tolerations: readonly OutlineToleration[];
  nodeSelector: Readonly<Record<string, string>>;
}

/** Pods of one workload, all alike: what one of them asks for, and where it may run. */
export interface PodGroup extends Place {
  name: string;
  addon: string;
  cpu: number;
  memory: number;
  count: number;
  /** One on each node that takes it, in place of `count`. */
  perNode: boolean;
}

/** A DaemonSet says itself where it runs, `placement` or not; other workloads go where `placement` says. */
export function placeOf({ config }: Pick<ResolvedAddon, "config">, object: OutlineObject): Place {
  const { tolerations = [], nodeSelector = {} } = object.kind === "DaemonSet" ? object : ((config as CommonConfig).placement ?? {});
  return { tolerations, nodeSelector };
}

/** The pods of the platform that run all the time. */
export function podGroups({ config, resolved }: Pick<Facts, "config" | "resolved">): PodGroup[] {
  const fallback = defaultRequestOf(config.security.limits);
  return (resolved?.addons ?? []).flatMap((addon: ResolvedAddon) =>
    outlineOf(addon).flatMap((object) => {
      const { pods: count, cpu, memory } = askedBy(object, 1, fallback);
      if (count === 0) return [];
      return [
        {
          name: object.name,
          addon: addon.name,
          cpu: cpu / count,
          memory: memory / count,
          count,
          perNode: object.kind === "DaemonSet",
          ...placeOf(addon, object),
        },
      ];
    }),
  );
}
