import { outlineOf } from "../../components/security/network-policies";
import type { ResolvedAddon } from "../../components/core/resolve";
import type { CommonConfig } from "../../components/core/schema";
import type { Facts } from "../rules/rule";
import { askedBy, defaultRequestOf } from "./totals";

type Placement = NonNullable<CommonConfig["placement"]>;
export type Toleration = NonNullable<Placement["tolerations"]>[number];

/** Pods of one workload, all alike: what one of them asks for, and where it may run. */
export interface PodGroup {
  name: string;
  addon: string;
  cpu: number;
  memory: number;
  count: number;
  /** One on each node that takes it, in place of `count`. */
  perNode: boolean;
  tolerations: readonly Toleration[];
  nodeSelector: Readonly<Record<string, string>>;
}

/** The pods of the platform that run all the time. */
export function podGroups({ config, resolved }: Pick<Facts, "config" | "resolved">): PodGroup[] {
  const fallback = defaultRequestOf(config.security.limits);
  return (resolved?.addons ?? []).flatMap((addon: ResolvedAddon) => {
    const { tolerations = [], nodeSelector = {} } = (addon.config as CommonConfig).placement ?? {};
    return outlineOf(addon).flatMap((object) => {
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
          tolerations,
          nodeSelector,
        },
      ];
    });
  });
}
