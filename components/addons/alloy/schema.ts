import type * as z from "zod";
import { addonSchema } from "../../core/schema";

export const AlloyConfig = addonSchema({});
export type AlloyConfig = z.output<typeof AlloyConfig>;
