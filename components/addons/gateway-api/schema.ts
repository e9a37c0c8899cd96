import type * as z from "zod";
import { addonSchema } from "../../core/schema";

export const GatewayApiConfig = addonSchema({});
export type GatewayApiConfig = z.output<typeof GatewayApiConfig>;
