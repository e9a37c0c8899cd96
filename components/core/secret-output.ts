import { secret, type Output } from "@pulumi/pulumi";
import type { Secret } from "./secret";

/** A secret of the config as an Output that stays secret in state and logs. */
export function secretOutput(value: Secret): Output<string> {
  return secret(value.reveal() as string);
}
