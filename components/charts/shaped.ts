import { mirrored, requestsOf } from "../core/pods";
import type { Outline, OutlineObject } from "../core/lock";
import type { ResolvedAddon } from "../core/resolve";
import type { CommonConfig, Resources } from "../core/schema";

/** The outline of one chart as the add-on's knobs and the platform's image mirror leave it. */
export function shapedOutline(addon: Pick<ResolvedAddon, "addon" | "config" | "scope">, chart: string): Outline {
  const locked = addon.addon.lock?.charts[chart]?.outline ?? [];
  const shaped = addon.addon.shape?.(chart, locked, addon.config, addon.scope) ?? locked;
  if (!addon.scope.imageMirror) return shaped;
  return shaped.map((object) =>
    object.containers
      ? { ...object, containers: object.containers.map((container) => ({ ...container, image: mirrored(container.image, addon.scope) })) }
      : object,
  );
}

/** A workload whose named container asks for what the config's `resources` say, as a `shape` needs it. Nothing said: as it was. */
export function withRequests(object: OutlineObject, container: string, resources: Resources | undefined): OutlineObject {
  if (!resources) return object;
  const requests = requestsOf(resources);
  return {
    ...object,
    containers: (object.containers ?? []).map(({ requests: _requests, ...one }) => {
      if (one.name !== container) return _requests ? { ...one, requests: _requests } : one;
      return requests ? { ...one, requests } : one;
    }),
  };
}

/** A DaemonSet on the nodes that the config's `placement` names, as a `shape` needs it where the values pass that on. Nothing said: as it was. */
export function withPlacement(object: OutlineObject, { nodeSelector, tolerations }: NonNullable<CommonConfig["placement"]> = {}): OutlineObject {
  return { ...object, ...(nodeSelector ? { nodeSelector } : {}), ...(tolerations ? { tolerations } : {}) };
}
