import type { EksConfig } from "../../components/clusters/eks/schema";
import { supportCalendars, type SupportCalendar } from "../../components/clusters/support";
import type { StackConfig } from "../model";
import type { Finding, Rule } from "./rule";

const DAY = 86_400_000;
/** Time enough for an upgrade that somebody has to plan. */
const SOON_DAYS = 60;

const minorOf = (version: string): number => Number(version.split(".")[1]);

/** The day begins in UTC; a version is supported until its day is over. */
const daysLeft = (day: string, now: Date): number => (Date.parse(`${day}T00:00:00Z`) + DAY - now.getTime()) / DAY;

/** The next newer version whose support does not end soon as well. */
function target({ ends }: SupportCalendar, version: string, now: Date): string | undefined {
  return Object.keys(ends)
    .filter((other) => minorOf(other) > minorOf(version) && daysLeft(ends[other]!.until, now) > SOON_DAYS)
    .sort((a, b) => minorOf(a) - minorOf(b))[0];
}

/** What to write, one minor version after another. */
function wayTo(to: string | undefined, version: string, kind: string): string {
  if (to === undefined) return "update BearStack, which then knows newer versions, and go up";
  const write = (minor: string): string => (kind === "eks" ? `set version: "${minor}"` : `write a version of ${minor}`);
  const next = `1.${minorOf(version) + 1}`;
  return next === to ? write(to) : `${write(next)}, run pulumi up, and so on to ${to}`;
}

/** How long it lasts and what comes then, in words that stay the same from day to day until something ends. */
function problemOf({ cluster }: StackConfig, calendar: SupportCalendar, version: string, now: Date): string | undefined {
  const { until, extended } = calendar.ends[version]!;
  const left = daysLeft(until, now);
  if (left > SOON_DAYS) return undefined;
  const over = left <= 0;
  const state = over
    ? `is ${version}, out of standard support ${calendar.by} since ${until}`
    : `is ${version}, in standard support ${calendar.by} until ${until}`;
  if (cluster.kind === "gke") return `${state} (Google's estimate); ${over ? "" : "then "}GKE upgrades it by itself.`;
  if (extended === undefined)
    return over
      ? `is ${version}, out of support ${calendar.by} since ${until}: no more fixes, of security holes neither.`
      : `is ${version}, supported ${calendar.by} until ${until}; then there are no more fixes.`;
  if (daysLeft(extended, now) <= 0) return `is ${version}, out of all support ${calendar.by} since ${extended}: EKS upgrades it by itself.`;
  if ((cluster.config as EksConfig).support === "STANDARD") return `${state}; ${over ? "" : "then "}EKS upgrades it by itself (support: STANDARD).`;
  return `${state}; ${over ? "" : "then "}the control plane costs six times as much, until ${extended}.`;
}

/** What ends by the calendar: warnings only, so that no pipeline stops on a morning on which nobody changed anything. */
export const supportRules: readonly Rule[] = [
  {
    id: "kubernetes-support",
    severity: "warning",
    reason: "A version without support gets no fixes of security holes; clouds upgrade it when it suits them, or charge for it.",
    cure: "Go up one minor version at a time while it is your choice when. `BEAR_NOW=2027-03-01 bear check` shows what a later day will say.",
    find: ({ config, offers: { kubernetes }, now }) => {
      const { kind } = config.cluster;
      const { version } = config.cluster.config as { version?: string };
      const calendar = supportCalendars[kind];
      // A channel of GKE goes on by itself; there is no version in the config then.
      if (!calendar || kubernetes === undefined || version === undefined || !(kubernetes in calendar.ends)) return [];
      const problem = problemOf(config, calendar, kubernetes, now);
      const finding = (text: string): Finding => ({
        path: `bearstack:cluster.${kind}.version`,
        seen: version,
        problem: text,
        fix: wayTo(target(calendar, kubernetes, now), kubernetes, kind),
      });
      return problem === undefined ? [] : [finding(problem)];
    },
  },
];
