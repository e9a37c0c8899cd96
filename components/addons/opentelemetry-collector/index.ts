import type { CreateContext, Created } from "../../core/addon";
import type { CollectorConfig } from "./schema";

/** Installs the collector. */
export function create(context: CreateContext<CollectorConfig>): Created<"telemetry"> {
  context.release("opentelemetry-collector");
  return {};
}
