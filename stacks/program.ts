import type { ChartSettings } from "../components/charts/source";
import { clusters } from "../components/clusters/registry";
import { createTenants } from "../components/tenants";
import type { Output } from "@pulumi/pulumi";
import type { Resolved } from "../components/core/resolve";
import type { CheckedStack } from "./check";
import { adoptExisting } from "./adopt";
import { createPlatform } from "./platform";

export interface ProgramSettings {
  /** True for `plan`: no cluster is looked for. */
  offline: boolean;
  charts: ChartSettings;
  /** The time, where it is not that of the clock. */
  now?: Date;
}

/** Flows from `host` are those that the API server opens. */
function calledPorts({ all }: Resolved): number[] {
  const ports = all.flows.filter(({ from }) => from.includes("host")).flatMap((flow) => flow.ports);
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** The whole program: cluster, platform, tenants. Runs under the engine, the in-process runner or a recorder alike. */
export async function deploy({ config, resolved }: CheckedStack, settings: ProgramSettings): Promise<Record<string, Output<unknown>>> {
  adoptExisting(config.adopt);
  const keepData = config.platform?.data !== "delete";
  const definition = clusters[config.cluster.kind]!;
  const cluster = await (
    await definition.load()
  ).create(config.cluster.config, {
    stack: config.stack,
    offline: settings.offline,
    ...(settings.now ? { now: settings.now } : {}),
    choices: (slot) => (config.platform?.slots[slot] ?? []).map(({ choice }) => choice),
    calledPorts: resolved ? calledPorts(resolved) : [],
    access: resolved?.all.access ?? [],
    keepData,
  });
  const outputs: Record<string, Output<unknown>> = { kubeconfig: cluster.kubeconfig, cluster: cluster.facts, ...cluster.outputs };
  if (config.platform && resolved)
    Object.assign(outputs, await createPlatform({ config, platform: config.platform, resolved, cluster, charts: settings.charts }));
  createTenants({ config, resolved, keep: keepData, opts: { provider: cluster.provider, dependsOn: cluster.ready } });
  return outputs;
}
