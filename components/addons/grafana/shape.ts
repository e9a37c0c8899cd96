import { withRequests } from "../../charts/shaped";
import type { Scope } from "../../core/addon";
import type { Outline, OutlineObject } from "../../core/lock";
import type { GrafanaConfig } from "./schema";
import { PORTS, replicasOf, storageOf } from "./values";

/** What replicas, volume and database do to the objects of the chart. */
export function shapeGrafana(outline: Outline, config: GrafanaConfig, scope: Scope): Outline {
  const replicas = replicasOf(config, scope);
  const storage = storageOf(config);
  const shaped = outline.flatMap((object): OutlineObject[] => {
    if (object.kind === "Deployment") return [withRequests({ ...object, replicas }, "grafana", config.resources)];
    if (object.kind !== "PersistentVolumeClaim") return [object];
    return storage === "none" ? [] : [{ ...object, claims: (object.claims ?? []).map((claim) => ({ ...claim, storage: storage.size })) }];
  });
  const service = outline.find((object) => object.kind === "Service");
  if (replicas > 1 && service) shaped.push(headless(service));
  return shaped;
}

/** Where the pods find each other, so that each alert is sent once. */
function headless(service: OutlineObject): OutlineObject {
  return { ...service, name: "grafana-headless", headless: true, ports: [{ name: "gossip-tcp", port: PORTS.gossip, targetPort: "gossip-tcp" }] };
}
