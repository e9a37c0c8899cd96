import { defineCluster } from "../definition";
import { offersElsewhere } from "../elsewhere";
import { ExistingConfig } from "./schema";

export const existing = defineCluster({
  kind: "existing",
  summary: "A cluster made elsewhere, by its kubeconfig.",
  schema: ExistingConfig,
  offers: (config) => offersElsewhere("existing", config),
  renewKubeconfig: "Get a new one from who runs the cluster, and put it where bearstack:cluster.existing finds it.",
  load: () => import("./index"),
  access: () => import("./access"),
});
