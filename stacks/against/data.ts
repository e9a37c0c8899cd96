import type { ResolvedAddon } from "../../components/core/resolve";
import type { Slot } from "../../components/core/slots";
import { tenantNamespace } from "../../components/tenants/schema";
import type { CheckedStack } from "../check";
import { amount } from "../quantity";
import { addonPath } from "../rules/rule";
import type { ChangeRule } from "./rule";

/** Slots whose add-ons hold data that the next choice does not take over. */
const dataSlots: Partial<Record<Slot, string>> = {
  metrics: "metrics",
  logs: "logs",
  traces: "traces",
};

const choicesOf = ({ config }: CheckedStack, slot: Slot): string[] => (config.platform?.slots[slot] ?? []).map((one) => one.choice);

const holdsClaims = (addon: ResolvedAddon): boolean => (addon.contributions.namespaces ?? []).some((need) => need.claims);

function pairs(before: CheckedStack, after: CheckedStack): { old: ResolvedAddon; now: ResolvedAddon }[] {
  return (before.resolved?.addons ?? []).flatMap((old) => {
    const now = after.resolved?.addons.find((one) => one.name === old.name);
    return now ? [{ old, now }] : [];
  });
}

interface Volume {
  path: string;
  size: string | undefined;
  className: string | undefined;
}

/** Every `storage` setting of an add-on, by path; without a size where it is `none`. */
function volumes(value: unknown, path: string): Volume[] {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, part]: [string, unknown]) => {
    const at = `${path}.${key}`;
    if (key === "values" || key === "resources") return [];
    if (key !== "storage") return volumes(part, at);
    const { size, class: className } = (typeof part === "object" && part !== null ? part : {}) as { size?: string; class?: string };
    return [{ path: at, size, className }];
  });
}

interface VolumeStep {
  path: string;
  then: Volume;
  now: Volume;
}

function volumeSteps(before: CheckedStack, after: CheckedStack): VolumeStep[] {
  return pairs(before, after).flatMap(({ old, now }) => {
    const path = addonPath(now, after.resolved);
    const then = new Map(volumes(old.config, path).map((volume) => [volume.path, volume]));
    return volumes(now.config, path).flatMap((volume) => (then.has(volume.path) ? [{ path: volume.path, then: then.get(volume.path)!, now: volume }] : []));
  });
}

/** Changes that lose data or leave it where nobody reads it. */
export const dataRules: readonly ChangeRule[] = [
  {
    id: "swap-loses-data",
    severity: "error",
    reason: "Another store does not take over what the old one holds.",
    cure: "Keep the old choice, or say `data: delete` to let the old data go.",
    find: ({ before, after }) =>
      (Object.keys(dataSlots) as Slot[]).flatMap((slot) => {
        if (after.config.platform?.data !== "keep") return [];
        const left = choicesOf(before, slot).filter((choice) => choice !== "none" && choice !== "existing" && !choicesOf(after, slot).includes(choice));
        const now = choicesOf(after, slot).join(", ");
        return left.map((choice) => ({
          path: `bearstack:platform.${slot}`,
          seen: now,
          problem: `was ${choice}; the ${dataSlots[slot]} it holds are not taken over, and data is keep.`,
          fix: `keep ${slot}: ${choice}, or write "data: delete" to let them go`,
        }));
      }),
  },
  {
    id: "swap-loses-secrets",
    severity: "error",
    reason: "What was sealed for one controller can be opened by no other: its key is in its namespace.",
    cure: "Keep the old choice beside the new one until nothing needs it.",
    find: ({ before, after }) =>
      choicesOf(before, "secrets").flatMap((choice) =>
        choice === "pulumi" || choice === "existing" || choicesOf(after, "secrets").includes(choice)
          ? []
          : [
              {
                path: "bearstack:platform.secrets",
                seen: choicesOf(after, "secrets").join(", "),
                problem: `no longer names ${choice}: Secrets it manages could not be opened or renewed any more.`,
                fix: `keep ${choice} beside the new choice until nothing needs it`,
              },
            ],
      ),
  },
  {
    id: "storage-class-changed",
    severity: "error",
    reason: "The storage class of a claim cannot change; add-ons with claims would have to be made anew.",
    cure: "Keep the old default, and add the new class beside it.",
    find: ({ before, after }) => {
      const of = (stack: CheckedStack): string | undefined => {
        const name = stack.resolved?.given.storageClass?.name;
        return stack.resolved?.providers.storageClass === undefined ||
          (stack.resolved.providers.storageClass !== "cluster" && stack.resolved.providers.storageClass !== "existing")
          ? stack.resolved?.providers.storageClass
          : typeof name === "string"
            ? name
            : undefined;
      };
      const [then, now] = [of(before), of(after)];
      const held = pairs(before, after)
        .filter(({ old }) => holdsClaims(old))
        .map(({ old }) => old.name);
      return then === undefined || now === undefined || then === now || held.length === 0
        ? []
        : [
            {
              path: "bearstack:platform.storage",
              seen: now,
              problem: `was ${then === "" ? "the cluster's default class" : then}, and ${held.join(", ")} ${held.length === 1 ? "holds" : "hold"} claims of it.`,
              fix: "keep the old one as default, and add the new one beside it",
            },
          ];
    },
  },
  {
    id: "volume-class-changed",
    severity: "error",
    reason: "The storage class of a claim cannot change, and a StatefulSet's template of claims cannot either.",
    cure: "Keep the class; to move, back up and install anew.",
    find: ({ before, after }) =>
      volumeSteps(before, after)
        .filter(({ then, now }) => then.size !== undefined && now.size !== undefined && then.className !== now.className)
        .map(({ path, then, now }) => ({
          path: `${path}.class`,
          seen: now.className,
          problem: `was ${then.className ?? "left out"}; the claims that exist keep their class.`,
          fix: then.className === undefined ? "leave it out" : `write ${then.className}`,
        })),
  },
  {
    id: "storage-removed",
    severity: "error",
    reason: "Without a volume the data goes with the pod, and what the old volume holds is read no more.",
    cure: "Keep the volume.",
    find: ({ before, after }) =>
      volumeSteps(before, after)
        .filter(({ then, now }) => then.size !== undefined && now.size === undefined)
        .map(({ path, then }) => ({
          path,
          seen: "none",
          problem: `had a volume of ${then.size}; its data would be read no more.`,
          fix: `write { size: ${then.size} }`,
        })),
  },
  {
    id: "storage-shrunk",
    severity: "error",
    reason: "Kubernetes lets a claim grow, never shrink.",
    cure: "Keep the size.",
    find: ({ before, after }) =>
      volumeSteps(before, after)
        .filter(({ then, now }) => (amount(now.size) ?? Infinity) < (amount(then.size) ?? 0))
        .map(({ path, then, now }) => ({
          path: `${path}.size`,
          seen: now.size,
          problem: `was ${then.size}; a claim cannot shrink.`,
          fix: `write ${then.size} or more`,
        })),
  },
  {
    id: "namespace-moved",
    severity: "error",
    reason: "Claims do not move between namespaces: the add-on would start empty, its data left behind.",
    cure: "Keep the namespace.",
    find: ({ before, after }) =>
      pairs(before, after)
        .filter(({ old, now }) => holdsClaims(old) && old.namespace !== now.namespace)
        .map(({ old, now }) => ({
          path: `${addonPath(now, after.resolved)}.namespace`,
          seen: now.namespace,
          problem: `was ${old.namespace}, where ${now.name} has its claims; they do not move.`,
          fix: `put ${old.namespace} back`,
        })),
  },
  {
    id: "data-no-longer-kept",
    severity: "warning",
    reason: "With `data: delete` the next destroy takes all claims along.",
    cure: "Put `data: keep` back unless it is meant.",
    find: ({ before, after }) =>
      before.config.platform?.data === "keep" && after.config.platform?.data === "delete" && after.config.cluster.kind !== "sandbox"
        ? [
            {
              path: "bearstack:platform.data",
              problem: "was keep: from now on destroy, and an add-on that leaves, take their claims along.",
              fix: "put keep back unless it is meant",
            },
          ]
        : [],
  },
  {
    id: "domain-changed",
    severity: "warning",
    reason: "Every page gets another host name, DNS record and certificate; bookmarks and login redirects of before stop working.",
    cure: "Keep the domain unless it is meant.",
    find: ({ before, after }) => {
      const [then, now] = [before.config.platform?.domain, after.config.platform?.domain];
      return then === undefined || now === undefined || then === now
        ? []
        : [
            {
              path: "bearstack:platform.domain",
              problem: `was ${then}: every page moves to ${now}, with new DNS records and certificates.`,
              fix: "tell the people who use them",
            },
          ];
    },
  },
  {
    id: "tenant-namespace-removed",
    severity: "warning",
    reason: "A namespace that leaves the config takes everything in it along, unless `data: keep` holds.",
    cure: "Put it back unless it is meant.",
    find: ({ before, after }) => {
      const names = ({ config }: CheckedStack): Map<string, string> =>
        new Map(
          Object.entries(config.tenants).flatMap(([tenant, { namespaces }]) => namespaces.map((short) => [tenantNamespace(tenant, short), tenant] as const)),
        );
      const now = names(after);
      const kept = after.config.platform?.data !== "delete" && after.config.cluster.kind !== "sandbox";
      return [...names(before)]
        .filter(([name]) => !now.has(name))
        .map(([name, tenant]) => ({
          path: `bearstack:tenants.${tenant}`,
          problem: `loses the namespace ${name}; ${kept ? "it stays in the cluster, without its members and limits" : "everything in it is deleted"}.`,
          fix: "put it back unless it is meant",
        }));
    },
  },
];
