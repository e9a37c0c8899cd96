import { withRequests } from "../../charts/shaped";
import type { Scope } from "../../core/addon";
import type { Outline, OutlineObject } from "../../core/lock";
import { extraPorts, PORTS } from "./receivers";
import type { CollectorConfig } from "./schema";
import { replicasOf } from "./values";

/** What replicas, receivers and resources do to the Deployment and its Service. */
export function shapeCollector(outline: Outline, config: CollectorConfig, scope: Scope): Outline {
  const closed = new Set<string>(Object.keys(PORTS));
  for (const name of ["otlp", "otlp-http", "metrics", ...extraPorts(config, scope)]) closed.delete(name);
  const open = <T extends { name?: string }>(ports: T[]): T[] => ports.filter(({ name }) => !closed.has(name ?? ""));
  return outline.map((object): OutlineObject => {
    if (object.kind === "Service" && object.ports) return { ...object, ports: open(object.ports) };
    if (object.kind !== "Deployment") return object;
    const containers = object.containers?.map((container) => (container.ports ? { ...container, ports: open(container.ports) } : container));
    return withRequests({ ...object, replicas: replicasOf(config, scope), ...(containers ? { containers } : {}) }, "opentelemetry-collector", config.resources);
  });
}
