import { OUTLINE_LABEL } from "../../components/charts/outline";
import type { Entry } from "../../sandbox/runner/events";
import type { Kube, LiveObject } from "../../sandbox/runner/kube";
import { missing, workloadKinds } from "../../sandbox/runner/ready";

export interface Workloads {
  ready: number;
  of: number;
}

/** How many Deployments, StatefulSets and DaemonSets of each add-on there are in the cluster, and how many of them are Ready. */
export async function workloadsOf(kube: Kube, entries: readonly Entry[]): Promise<Map<string, Workloads>> {
  const byRelease = new Map<string, string>();
  const byObject = new Map<string, string>();
  for (const { addon, release, object } of entries) {
    if (addon === undefined) continue;
    if (release) byRelease.set(release.name, addon);
    if (object) byObject.set(`${object.kind} ${object.namespace ?? ""}/${object.name}`, addon);
  }
  const found = new Map<string, Workloads>();
  for (const kind of workloadKinds) {
    for (const live of await kube.list({ apiVersion: "apps/v1", kind })) {
      const addon = byRelease.get(releaseOf(live) ?? "") ?? byObject.get(`${kind} ${live.metadata.namespace ?? ""}/${live.metadata.name}`);
      if (addon === undefined) continue;
      const sum = found.get(addon) ?? { ready: 0, of: 0 };
      // Items of a list come without their kind.
      found.set(addon, { ready: sum.ready + (missing({ ...live, kind }) === undefined ? 1 : 0), of: sum.of + 1 });
    }
  }
  return found;
}

function releaseOf({ metadata }: LiveObject): string | undefined {
  return metadata.annotations?.["meta.helm.sh/release-name"] ?? metadata.labels?.[OUTLINE_LABEL];
}
