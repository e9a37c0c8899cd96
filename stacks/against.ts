import type { Issue } from "../components/core/errors";
import { dataRules } from "./against/data";
import { eksChangeRules } from "./against/eks";
import { exposureRules } from "./against/exposure";
import { frozenRules } from "./against/frozen";
import { hostChangeRules } from "./against/hosts";
import { gardenerChangeRules } from "./against/gardener";
import { gkeChangeRules } from "./against/gke";
import { kubernetesRules } from "./against/kubernetes";
import { madeChangeRules } from "./against/made";
import type { ChangeFacts, ChangeRule } from "./against/rule";
import { versionRules } from "./against/versions";

/** Every rule about changes, as data. */
export const changeRules: readonly ChangeRule[] = [
  ...frozenRules,
  ...dataRules,
  ...exposureRules,
  ...versionRules,
  ...kubernetesRules,
  ...hostChangeRules,
  ...gardenerChangeRules,
  ...eksChangeRules,
  ...gkeChangeRules,
  ...madeChangeRules,
];

/** Compares a stack with what it was: frozen fields, skipped versions, swaps that lose data. */
export function checkChange(facts: ChangeFacts): { issues: Issue[]; warnings: string[] } {
  const issues: Issue[] = [];
  const warnings: string[] = [];
  for (const rule of changeRules) {
    for (const found of rule.find(facts)) {
      if (rule.severity === "warning") warnings.push(`${found.path} ${found.problem} → ${found.fix}`);
      else issues.push({ ...found, rule: rule.id });
    }
  }
  return { issues, warnings };
}
