import { withRequests } from "../../charts/shaped";
import type { Scope } from "../../core/addon";
import type { Outline, OutlineObject } from "../../core/lock";
import { lokiReplicas } from "./replicas";
import type { LokiConfig } from "./schema";

/** What its knobs do to the outline: number of pods, requests, the volume. */
export function shapeLoki(outline: Outline, config: LokiConfig, scope: Scope): Outline {
  const replicas = lokiReplicas(config, scope);
  return outline.map((object): OutlineObject => {
    if (object.kind !== "StatefulSet") return object;
    const { claims, ...rest } = withRequests({ ...object, replicas }, "loki", config.resources);
    return config.storage === "none" ? rest : { ...rest, claims: [{ name: claims?.[0]?.name ?? "storage", storage: config.storage.size }] };
  });
}
