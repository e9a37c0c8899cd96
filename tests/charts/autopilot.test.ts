import { describe, expect, it } from "vitest";
import { referencePlatform } from "../../cli/internal/reference";
import { addons } from "../../components/addons/registry";
import type { Rendered } from "../../components/charts/facts";
import { locateChart } from "../../components/charts/locate";
import { apiVersionsOf, renderChart, valuesInMarkedNamespace } from "../../components/charts/render";
import { checkStackOrThrow } from "../../stacks/check";
import { findHelm } from "./helm";

const helm = findHelm();
const folder = process.env.BEAR_CHARTS;

/** All of the platform that the rules let on Autopilot. */
const { resolved } = checkStackOrThrow({
  stack: "reference",
  source: "reference",
  values: {
    cluster: { gke: { project: "reference", region: "europe-west1", name: "reference", mode: "autopilot" } },
    platform: { ...referencePlatform(addons), metrics: { prometheus: { nodeExporter: false } }, logs: "none" },
  },
});
const charts = resolved!.addons.flatMap((addon) => Object.entries(addon.addon.lock?.charts ?? {}).map(([chart, locked]) => ({ addon, chart, locked })));
const crds = charts.flatMap(({ locked }) => locked.crds);

/** What Autopilot refuses of a pod (its docs, security capabilities): the host, and all rights. */
function refusedOf({ object }: Rendered): string[] {
  const pod = object.spec?.template?.spec ?? (object.kind === "Pod" ? object.spec : undefined);
  if (!pod) return [];
  const containers: any[] = [...(pod.containers ?? []), ...(pod.initContainers ?? [])];
  return [
    ...["hostNetwork", "hostPID", "hostIPC"].filter((field) => pod[field] === true),
    ...(pod.volumes ?? []).filter((volume: any) => volume.hostPath).map((volume: any) => `hostPath ${volume.hostPath.path}`),
    ...containers.flatMap((one) => (one.ports ?? []).filter((port: any) => port.hostPort).map((port: any) => `hostPort ${port.hostPort}`)),
    ...containers.filter((one) => one.securityContext?.privileged).map((one) => `privileged ${one.name}`),
  ];
}

describe.each(charts)("chart $chart on Autopilot", ({ addon, chart, locked }) => {
  it("asks for nothing that Autopilot refuses", { timeout: 120_000 }, async (context) => {
    const located = await locateChart(chart, locked, {}, { folder }, { network: false });
    if (!helm) return context.skip("no helm on PATH or in the cache");
    if (located.kind !== "local") return context.skip(`${chart} ${locked.version}: ${located.reason}`);
    const values = valuesInMarkedNamespace(resolved!, addon, chart);
    const rendered = await renderChart({ helm, path: located.path, release: locked.release, values, apiVersions: apiVersionsOf(crds) });
    expect(rendered.flatMap((one) => refusedOf(one).map((what) => `${one.object.kind} ${one.object.metadata.name}: ${what}`))).toEqual([]);
    const inSystem = rendered.filter(({ object }) => object.metadata.namespace === "kube-system");
    expect(inSystem.map(({ object }) => `${object.kind} ${object.metadata.name}`)).toEqual([]);
  });
});
