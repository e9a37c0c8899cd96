import { defineCluster } from "../definition";
import { offersElsewhere } from "../elsewhere";
import { ReferenceConfig } from "./schema";

export const reference = defineCluster({
  kind: "reference",
  summary: "The cluster of another stack, by that stack's outputs.",
  schema: ReferenceConfig,
  offers: (config) => offersElsewhere("reference", config),
  load: () => import("./index"),
  access: () => import("./access"),
});
