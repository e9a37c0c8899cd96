import type { Scope } from "../../core/addon";
import type { CollectorConfig } from "./schema";

/** Container ports; Service ports are the same. */
export const PORTS = { otlp: 4317, "otlp-http": 4318, "jaeger-grpc": 14250, "jaeger-thrift": 14268, zipkin: 9411, metrics: 8888 } as const;

/** Where the kubelet asks how it is. */
export const HEALTH = 13133;

type Settings = Pick<CollectorConfig, "jaeger" | "zipkin">;
type Slots = Pick<Scope, "choices">;

/** Jaeger and Zipkin know spans only, so their receivers run only where spans are stored. */
const takesSpans = (scope: Slots): boolean => scope.choices.traces.length > 0;

export const hasJaeger = (config: Settings, scope: Slots): boolean => config.jaeger && takesSpans(scope);

export const hasZipkin = (config: Settings, scope: Slots): boolean => config.zipkin && takesSpans(scope);

/** Names of the ports that are open, apart from OTLP and its own metrics. */
export function extraPorts(config: Settings, scope: Slots): (keyof typeof PORTS)[] {
  return [...(hasJaeger(config, scope) ? (["jaeger-grpc", "jaeger-thrift"] as const) : []), ...(hasZipkin(config, scope) ? (["zipkin"] as const) : [])];
}
