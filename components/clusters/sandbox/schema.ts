import * as z from "zod";
import { dnsLabel } from "../../core/schema";

/** A throw-away control plane on this computer. */
export const SandboxConfig = z.strictObject({
  name: dnsLabel.default("default").describe("Which sandbox of this computer."),
});
export type SandboxConfig = z.output<typeof SandboxConfig>;
