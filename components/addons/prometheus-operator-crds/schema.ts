import type * as z from "zod";
import { addonSchema } from "../../core/schema";

export const PrometheusOperatorCrdsConfig = addonSchema({});
export type PrometheusOperatorCrdsConfig = z.output<typeof PrometheusOperatorCrdsConfig>;
