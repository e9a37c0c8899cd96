import { PolicyPack } from "@pulumi/policy";
import { violation } from "./protect";

/**
 * The policy pack: `pulumi preview --policy-pack node_modules/bearstack/components/policy`. A pack is told of the state that is to be, never of
 * the operation, so it can only ask that `protect` is on; replacements and deletions are for `bear guard`.
 */
new PolicyPack("bearstack", {
  description: "What must not be lost is protected.",
  policies: [
    {
      name: "protected",
      description: "Clusters, networks, subnets, volumes, buckets, KMS keys and DNS zones carry `protect`.",
      enforcementLevel: "mandatory",
      configSchema: {
        properties: {
          allow: { type: "array", items: { type: "string" }, description: "URNs and types that may go without, e.g. for a destroy that is meant." },
        },
      },
      validateResource: (resource, report) => {
        const { allow } = resource.getConfig<{ allow?: string[] }>();
        const problem = violation(resource, allow);
        if (problem !== undefined) report(problem);
      },
    },
  ],
});
