import { withPlacement, withRequests } from "../../charts/shaped";
import type { Scope } from "../../core/addon";
import type { Outline, OutlineObject } from "../../core/lock";
import type { TraefikConfig } from "./schema";
import { PORTS, replicasOf } from "./values";

const HOST_PORTS: Record<number, number> = { [PORTS.web]: 80, [PORTS.websecure]: 443 };

/** What exposure, replicas, dashboard and Gateway API do to the objects of the chart. */
export function shapeTraefik(outline: Outline, config: TraefikConfig, scope: Scope): Outline {
  const hostPort = scope.exposure === "hostPort";
  const count = replicasOf(config, scope);
  const kept = outline.filter((object) => config.gatewayApi || !object.apiVersion.startsWith("gateway.networking.k8s.io/"));
  const shaped = kept.map((object): OutlineObject => {
    if (object.kind === "Deployment" && object.name === "traefik") {
      const sized = withRequests(object, "traefik", config.resources);
      return hostPort ? withPlacement(onHosts(sized), config.placement) : { ...sized, replicas: count };
    }
    if (object.kind === "Service" && object.name === "traefik") return { ...object, type: scope.exposure === "loadBalancer" ? "LoadBalancer" : "ClusterIP" };
    return object;
  });
  const service = outline.find((object) => object.kind === "Service" && object.name === "traefik");
  if (config.dashboard && service)
    shaped.push({
      ...service,
      name: "traefik-api",
      type: "ClusterIP",
      ports: [{ name: "traefik", port: PORTS.traefik, targetPort: "traefik", protocol: "TCP" }],
    });
  return shaped;
}

function onHosts({ replicas: _replicas, ...object }: OutlineObject): OutlineObject {
  const containers = object.containers?.map((container) => ({
    ...container,
    ...(container.ports ? { ports: container.ports.map((port) => (HOST_PORTS[port.port] ? { ...port, hostPort: HOST_PORTS[port.port]! } : port)) } : {}),
  }));
  return { ...object, kind: "DaemonSet", podSecurity: "privileged", ...(containers ? { containers } : {}) };
}
