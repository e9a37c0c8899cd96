import * as z from "zod";
import { FIX } from "../../core/schema";
import { factsElsewhere } from "../elsewhere";

/** A name as Pulumi takes it, all three parts: what is left out would be looked up where the run happens to be logged in. */
const STACK = /^[A-Za-z0-9_-]+\/[A-Za-z0-9_.-]{1,100}\/[A-Za-z0-9_.-]{1,100}$/;

/** The cluster of another stack, which has its kubeconfig among its outputs. */
export const ReferenceConfig = z.strictObject({
  stack: z
    .string()
    .regex(STACK, `is no full name of a stack${FIX}write organization/project/stack; on a backend of your own the first word is "organization" itself`)
    .describe("The other stack: organization/project/stack."),
  context: z.string().min(1).optional().describe("Context to use; that of the other stack's output, or the kubeconfig's current one, when left out."),
  ...factsElsewhere,
});
export type ReferenceConfig = z.output<typeof ReferenceConfig>;
