import { defineAddon } from "../../core/addon";
import type { ChartLock } from "../../core/lock";
import lock from "./chart.lock.json";
import { GatewayApiConfig } from "./schema";

export const gatewayApi = defineAddon({
  name: "gateway-api",
  slots: [],
  summary: "The Gateway API kinds of the standard channel: GatewayClass, Gateway, HTTPRoute and others.",
  docs: "https://gateway-api.sigs.k8s.io/",
  // Its validation rules call isIP, a CEL function the API server accepts in stored rules since 1.31 (kubernetes.io, CEL in Kubernetes).
  kubernetes: ">=1.31.0",
  schema: GatewayApiConfig,
  needs: [],
  wants: [],
  provides: ["gatewayApi"],
  ports: () => ({ gatewayApi: { channel: "standard" } }),
  lock: lock as ChartLock,
  load: () => import("./index"),
});
