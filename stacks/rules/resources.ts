import type { ResolvedAddon } from "../../components/core/resolve";
import { outlineOf } from "../../components/security/network-policies";
import { amount } from "../quantity";
import { addonPath, type Facts, type Finding, type Rule } from "./rule";

const sizes = ["cpu", "memory"] as const;

/** Requests of an add-on's own `resources` above its limit, or above the one its namespace gives it; limits above the maximum. */
function tooMuch(addon: ResolvedAddon, { config, resolved }: Facts): Finding[] {
  const { requests, limits } = addon.config.resources ?? {};
  const { default: given, max } = config.security.limits;
  const path = `${addonPath(addon, resolved)}.resources`;
  return sizes.flatMap((size): Finding[] => {
    const [request, limit] = [requests?.[size], limits?.[size]];
    const most = amount(max?.[size]) ?? Infinity;
    if ((amount(limit) ?? 0) > most)
      return [
        {
          path: `${path}.limits.${size}`,
          seen: limit,
          problem: `is above the most a container of the platform may ask for (${max?.[size]}), so its pods would be refused.`,
          fix: `use ${max?.[size]} or less, or raise bearstack:security.limits.max.${size}`,
        },
      ];
    const standing = limit ?? given[size] ?? max?.[size];
    if ((amount(request) ?? 0) <= (amount(standing) ?? Infinity)) return [];
    return [
      {
        path: `${path}.requests.${size}`,
        seen: request,
        ...(limit === undefined
          ? {
              problem: `is above the limit a container without one gets (${standing}), so its pods would be refused.`,
              fix: `set limits.${size} to ${request} or more`,
            }
          : { problem: `is above its limit (${limit}), so its pods would be refused.`, fix: `use ${limit} or less, or raise limits.${size}` }),
      },
    ];
  });
}

/** What charts ask for in a container, above the most it may; what the config's own `resources` ask for is said there. */
function chartsAbove({ config, resolved }: Facts): Finding[] {
  const { max } = config.security.limits;
  return sizes.flatMap((size): Finding[] => {
    const most = amount(max?.[size]) ?? Infinity;
    const asked = (resolved?.addons ?? []).flatMap((addon) => {
      const { requests: given, limits } = addon.config.resources ?? {};
      const own = given?.[size] ?? limits?.[size];
      const requests = outlineOf(addon).flatMap(({ containers = [] }) => containers.flatMap((one) => one.requests?.[size] ?? []));
      const largest = requests.filter((one) => one !== own && amount(one)! > most).sort((one, two) => amount(two)! - amount(one)!)[0];
      return largest === undefined ? [] : [{ name: addon.name, largest }];
    });
    if (asked.length === 0) return [];
    const all = asked.map(({ largest }) => largest).sort((one, two) => amount(two)! - amount(one)!)[0]!;
    return [
      {
        path: `bearstack:security.limits.max.${size}`,
        seen: max?.[size],
        problem: `is less than containers of ${asked.map(({ name, largest }) => `${name} (${largest})`).join(", ")} ask for, so the API server refuses their pods.`,
        fix: `use ${all} or more, and what charts set as limits`,
      },
    ];
  });
}

/** What containers ask for, against what they may. */
export const resourceRules: readonly Rule[] = [
  {
    id: "request-above-limit",
    severity: "error",
    reason:
      "The API server refuses pods that ask for more than their limit, and every namespace gives a limit to containers without one: the add-on would never come up.",
    cure: "Set `resources.limits` beside `resources.requests`.",
    find: (facts) => (facts.resolved?.addons ?? []).flatMap((addon) => tooMuch(addon, facts)),
  },
  {
    id: "max-below-request",
    // No error: `values` may make a chart ask for less.
    severity: "warning",
    reason:
      "The API server refuses pods with a container that asks for more than `security.limits.max`. Chart locks hold requests and no limits: that a limit is above it is not seen.",
    cure: "Raise `security.limits.max`, or have the add-on ask for less.",
    find: chartsAbove,
  },
];
