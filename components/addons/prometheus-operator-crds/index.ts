import type { CreateContext } from "../../core/addon";
import type { PrometheusOperatorCrdsConfig } from "./schema";

/** Installs the CRDs. They are templates of the chart, so a newer chart version upgrades them. */
export function create(context: CreateContext<PrometheusOperatorCrdsConfig>): void {
  context.release("prometheus-operator-crds");
}
