import { defineCluster } from "../definition";
import { SandboxConfig } from "./schema";

export const sandbox = defineCluster({
  kind: "sandbox",
  summary: "A throw-away control plane on this computer, with simulated nodes.",
  schema: SandboxConfig,
  offers: () => ({ networkPolicy: "none, simulated", storageClass: "standard", loadBalancer: true, kubernetes: undefined, nodes: 3, warnings: [] }),
  load: () => import("./index"),
  access: () => import("./access"),
});
