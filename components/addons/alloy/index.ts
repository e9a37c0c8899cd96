import type { CreateContext, Created } from "../../core/addon";
import type { AlloyConfig } from "./schema";

/** Installs Alloy on every node. */
export function create(context: CreateContext<AlloyConfig>): Created {
  context.release("alloy");
  return {};
}
