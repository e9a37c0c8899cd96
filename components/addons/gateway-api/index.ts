import type { CreateContext } from "../../core/addon";
import type { GatewayApiConfig } from "./schema";

/** Installs the CRDs as one release, `gateway-api-crds`; upstream gives a YAML file and no chart, so ours is generated from it. */
export function create(context: CreateContext<GatewayApiConfig>): void {
  context.release("gateway-api");
}
