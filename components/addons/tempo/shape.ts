import { withRequests } from "../../charts/shaped";
import type { Outline, OutlineObject } from "../../core/lock";
import type { TempoConfig } from "./schema";

/** What storage and resources do to the one workload of the chart. */
export function shapeTempo(outline: Outline, config: TempoConfig): Outline {
  return outline.map((object) => {
    if (object.kind !== "StatefulSet") return object;
    const { claims: _claims, ...bare } = object;
    const sized: OutlineObject = config.storage === "none" ? bare : { ...object, claims: [{ name: "storage", storage: config.storage.size }] };
    return withRequests(sized, "tempo", config.resources);
  });
}
