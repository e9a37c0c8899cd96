import { outlineOf } from "../../components/security/network-policies";
import type { ResolvedAddon } from "../../components/core/resolve";
import type { CommonConfig } from "../../components/core/schema";
import type { Facts } from "../rules/rule";
import { defaultRequestOf, podsOf, requests } from "./totals";

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
      const count = podsOf(object, 1);
      if (count === 0) return [];
      const [cpu, memory] = (["cpu", "memory"] as const).map((size) => requests(object.containers ?? [], size, fallback)) as [number, number];
      return [{ name: object.name, addon: addon.name, cpu, memory, count, perNode: object.kind === "DaemonSet", tolerations, nodeSelector }];
    });
  });
}
