import { accessRules } from "./rules/access";
import { addonRules } from "./rules/addons";
import { eksRules } from "./rules/eks";
import { elsewhereRules } from "./rules/elsewhere";
import { exposureRules } from "./rules/exposure";
import { fitRules } from "./rules/fit";
import { gardenerRules } from "./rules/gardener";
import { gkeRules } from "./rules/gke";
import { gkeAutopilotRules } from "./rules/gke-autopilot";
import { gkeOptionRules } from "./rules/gke-options";
import { gkeVersionRules } from "./rules/gke-versions";
import { hostRules } from "./rules/hosts";
import { hostOptionRules } from "./rules/host-options";
import { kubernetesRules } from "./rules/kubernetes";
import { madeRules } from "./rules/made";
import { registryRules } from "./rules/registries";
import { resourceRules } from "./rules/resources";
import { platformRules } from "./rules/platform";
import type { Rule } from "./rules/rule";
import { supportRules } from "./rules/support";
import { tenantRules } from "./rules/tenants";

export type { Facts, Rule } from "./rules/rule";

/** Every rule across fields, as data. */
export const rules: readonly Rule[] = [
  ...platformRules,
  ...exposureRules,
  ...addonRules,
  ...kubernetesRules,
  ...supportRules,
  ...resourceRules,
  ...tenantRules,
  ...hostRules,
  ...hostOptionRules,
  ...registryRules,
  ...gardenerRules,
  ...accessRules,
  ...elsewhereRules,
  ...madeRules,
  ...eksRules,
  ...gkeRules,
  ...gkeOptionRules,
  ...gkeAutopilotRules,
  ...gkeVersionRules,
  ...fitRules,
];

/** Findings of the resolver, which are no functions of their own: their ids, for the errors page and the fixtures. */
export const resolverFindings: readonly Pick<Rule, "id" | "reason" | "cure">[] = [
  {
    id: "missing-port",
    reason: "An add-on needs what another part of the platform provides, and nothing enabled does.",
    cure: "Add one of the choices the message names.",
  },
  { id: "circle", reason: "Add-ons that wait for each other never come up.", cure: "Replace one of them." },
];
