import type { ResolvedAddon } from "../../components/core/resolve";
import type { CheckedStack } from "../check";
import { addonPath, type Finding } from "../rules/rule";
import type { ChangeRule } from "./rule";

/** Add-ons whose upstream asks for one minor version at a time. */
const oneMinorAtATime: Readonly<Record<string, string>> = {
  "cert-manager": "cert-manager.io, Upgrading: one minor version at a time",
};

type Version = readonly [major: number, minor: number, patch: number];

function parse(text: string | undefined): Version | undefined {
  const [, major, minor, patch] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(text ?? "") ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

function versionOf(addon: ResolvedAddon): string | undefined {
  return addon.config.version ?? Object.values(addon.addon.lock?.charts ?? {})[0]?.version;
}

interface Step {
  addon: ResolvedAddon;
  path: string;
  then: string;
  now: string;
  from: Version;
  to: Version;
}

function steps(before: CheckedStack, after: CheckedStack): Step[] {
  return (after.resolved?.addons ?? []).flatMap((addon) => {
    const old = before.resolved?.addons.find((one) => one.name === addon.name);
    const [then, now] = [old && versionOf(old), versionOf(addon)];
    const [from, to] = [parse(then), parse(now)];
    return from && to && then !== now ? [{ addon, path: addonPath(addon, after.resolved), then: then!, now: now!, from, to }] : [];
  });
}

const at = (step: Step): Pick<Finding, "path" | "seen"> => ({ path: `${step.path}.version`, seen: step.now });

/** Upgrades that leave something out, and downgrades. */
export const versionRules: readonly ChangeRule[] = [
  {
    id: "version-major-skip",
    severity: "error",
    reason: "Upgrade notes and migrations of a chart go from one major version to the next.",
    cure: "Set `version` to the last release of each major in turn, and run `pulumi up` at each.",
    find: ({ before, after }) =>
      steps(before, after)
        .filter(({ from, to }) => to[0] > from[0] + 1)
        .map((step) => ({
          ...at(step),
          problem: `goes from ${step.then} to ${step.now} and skips ${step.to[0] - step.from[0] - 1} major version${step.to[0] - step.from[0] > 2 ? "s" : ""}.`,
          fix: `set version to the last ${step.from[0] + 1}.x release first, run pulumi up, then go on`,
        })),
  },
  {
    id: "version-minor-skip",
    severity: "error",
    reason: "Some projects migrate their stored objects one minor version at a time.",
    cure: "Set `version` to each minor version in turn.",
    find: ({ before, after }) =>
      steps(before, after)
        .filter(({ addon, from, to }) => addon.name in oneMinorAtATime && to[0] === from[0] && to[1] > from[1] + 1)
        .map((step) => ({
          ...at(step),
          problem: `goes from ${step.then} to ${step.now}, but goes up one minor version at a time (${oneMinorAtATime[step.addon.name]}).`,
          fix: `set version to the last ${step.from[0]}.${step.from[1] + 1}.x release first, run pulumi up, then go on`,
        })),
  },
  {
    id: "version-downgrade",
    severity: "error",
    reason: "Charts migrate data and CRDs forwards only; an older program may not read what the newer one wrote.",
    cure: "Restore from a backup into a fresh installation instead.",
    find: ({ before, after }) =>
      steps(before, after)
        .filter(({ from, to }) => to[0] < from[0] || (to[0] === from[0] && to[1] < from[1]))
        .map((step) => ({ ...at(step), problem: `goes back from ${step.then} to ${step.now}.`, fix: `keep ${step.then} or newer` })),
  },
];
