import type { CloudProgram } from "../cloud-cli";
import type { CloudLook, CloudQuestion } from "../cloud-things";
import { clusterName, networkProject } from "./facts";
import { COMPUTE, findThings, type GkeAnswers, type Of } from "./found";
import { accountOf, DENIED, gcloudCli, INSTALL, LOG_IN, notLoggedIn } from "./gcloud";
import type { GkeConfig } from "./schema";

/** Looks for what is left of a cluster in its project of Google Cloud. */
export async function look(config: GkeConfig, of: Of): Promise<CloudLook<GkeAnswers>> {
  const { project, region } = config;
  const program = gcloudCli({
    install: INSTALL,
    cure: (said, gcloud) => cureOf(said, gcloud, project),
    instead: "",
    // Lists over all zones warn and end well where they were refused, or where a zone does not answer.
    partly: /did not succeed/,
  });
  return {
    cluster: `${clusterName(config, of.stack)} in ${region}`,
    where: `project ${project}`,
    program,
    questions: questionsOf(config, clusterName(config, of.stack)),
    find: (answers) => findThings(config, of, answers),
  };
}

/** What is read of things of Compute Engine. */
const FIELDS = {
  places: "name,zone,region,description,labels",
  snapshots: "name,description,sourceDisk",
  balancers: "name,zone,region,description,network,IPAddress,address",
  rules: "name,description,network,targetTags",
};

function questionsOf(config: GkeConfig, name: string): CloudLook<GkeAnswers>["questions"] {
  const { project, region } = config;
  const list = (about: string, words: string[], fields: string, ...more: string[]): CloudQuestion => ({
    about,
    args: [...words, "list", ...more, "--format", `json(${fields})`],
  });
  const compute = (of: keyof typeof COMPUTE, fields: string, inProject = project, ...more: string[]): CloudQuestion =>
    list(COMPUTE[of].command.replaceAll("-", " "), ["compute", COMPUTE[of].command], fields, "--project", inProject, ...more);
  const labelled = ["--filter", `labels.goog-k8s-cluster-name=${name}`];
  const any = (made: object): boolean => Object.keys(made).length > 0;
  return {
    clusters: list("whether the cluster is there", ["container", "clusters"], "name", "--location", region, "--project", project),
    forwardingRules: compute("forwardingRules", FIELDS.balancers),
    targetPools: compute("targetPools", FIELDS.balancers),
    backendServices: compute("backendServices", FIELDS.balancers),
    endpointGroups: compute("endpointGroups", FIELDS.balancers),
    instances: compute("instances", FIELDS.places, project, ...labelled),
    disks: compute("disks", FIELDS.places, project, ...labelled),
    snapshots: compute("snapshots", FIELDS.snapshots),
    addresses: compute("addresses", FIELDS.balancers),
    firewallRules: compute("firewallRules", FIELDS.rules, networkProject(config)),
    ...(config.network.existing ? {} : { networks: compute("networks", "name") }),
    ...(any(config.buckets) ? { buckets: list("buckets", ["storage", "buckets"], "name", "--project", project) } : {}),
    ...(any(config.dnsZones) ? { zones: list("DNS zones", ["dns", "managed-zones"], "name", "--project", project) } : {}),
    ...(any(config.keys)
      ? {
          keys: {
            ...list(
              "keys",
              ["kms", "keys"],
              "name,primary.name,primary.state",
              "--keyring",
              config.keyRing ?? name,
              "--location",
              region,
              "--project",
              project,
            ),
            nothing: /NOT_FOUND/,
          },
        }
      : {}),
  };
}

async function cureOf(said: string, gcloud: CloudProgram, project: string): Promise<string> {
  if (/SERVICE_DISABLED|not enabled|has not been used/.test(said))
    return `Switch that API on in ${project} ("gcloud services enable"), or know that there is nothing of it.`;
  if (DENIED.test(said)) return `Give ${await accountOf(gcloud)} that right in ${project}: it reads only.`;
  if (notLoggedIn(said)) return LOG_IN;
  return "Mend that and run the same command again.";
}
