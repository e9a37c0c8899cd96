/** The public API of the npm package. */
export { addons } from "./addons/registry";
export { clusters } from "./clusters/registry";
export type { ClusterDefinition, ClusterHandle, ClusterOffers } from "./clusters/definition";
export { defineAddon, type Addon, type Created, type CreateContext, type Scope, type Values, type ValuesContext } from "./core/addon";
export type { Contributions } from "./core/contributions";
export { ConfigError, UserError, type Issue } from "./core/errors";
export type { ChartLock, LockedChart, Outline } from "./core/lock";
export type { Port, Ports } from "./core/ports";
export { addonSchema, secret } from "./core/schema";
export { Secret } from "./core/secret";
export { slots, type Slot } from "./core/slots";
export { checkStack, checkStackOrThrow, type CheckedStack } from "../stacks/check";
export type { StackConfig } from "../stacks/model";
export { parseStackText, readStackFile, type RawStack } from "../stacks/stack-file";
