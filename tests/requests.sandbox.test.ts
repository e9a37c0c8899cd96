import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { outlineOf } from "../components/security/network-policies";
import { SecurityConfig } from "../components/security/schema";
import { Kube } from "../sandbox/runner/kube";
import { MEMORY_NAMESPACE } from "../sandbox/runner/memory";
import { testSandbox, type TestSandbox } from "../sandbox/runner/testing/sandbox";
import { ensureTool } from "../sandbox/tools";
import type { CheckedStack } from "../stacks/check";
import { makePlan } from "../stacks/plan";
import { askedBy, defaultRequestOf, type Asked } from "../stacks/plan/asked";
import { amount } from "../stacks/quantity";
import { systemNamespaces } from "../stacks/rules/tenants";
import { applyStack, folder } from "./apply-stack";
import { effectiveRequests, type Effective } from "./effective-requests";
import { inlineCluster, people, wholePlatform } from "./full-stacks";
import { findOperator, operate } from "./prometheus-operator";

const { metrics: _metrics, ...rest } = wholePlatform;
const platform = { ...rest, metrics: "prometheus" };
const s3 = wholePlatform.logs.loki.objects;
const onlyLimits = { limits: { cpu: "750m", memory: "700Mi" } };
const onlyRequests = { requests: { cpu: "333m", memory: "333Mi" } };

const stacks: Readonly<Record<string, Record<string, unknown>>> = {
  "profile small": { "bearstack:platform": platform },
  "profile ha, with roles, teams and limits": { "bearstack:platform": { ...platform, profile: "ha" }, ...people },
  "knobs moved": {
    "bearstack:platform": {
      ...platform,
      ingress: { traefik: { replicas: 3, dashboard: true, resources: onlyLimits } },
      metrics: { prometheus: { replicas: 2, storage: { size: "50Gi" }, alertmanager: { replicas: 3 }, nodeExporter: false, resources: onlyLimits } },
      logs: { loki: { shipper: "none", replicas: 2, objects: s3, resources: onlyRequests } },
      traces: { tempo: { objects: s3, storage: "none", resources: { ...onlyLimits, requests: { cpu: "250m" } } } },
    },
  },
  "no request by default, host ports": {
    "bearstack:platform": {
      ...platform,
      exposure: "hostport",
      ingress: { traefik: { resources: {} } },
      metrics: { prometheus: { storage: "none", resources: {} } },
      traces: { tempo: { resources: { requests: { cpu: "150m" } } } },
    },
    // Then the API server takes the limit, and the maximum where there is none.
    "bearstack:security": { limits: { defaultRequest: {}, default: { memory: "512Mi" }, max: { cpu: "2", memory: "8Gi" } } },
  },
  "edge by Envoy": {
    "bearstack:platform": {
      ...platform,
      exposure: { envoy: { resources: onlyLimits } },
      logs: { loki: { shipper: { alloy: { resources: onlyLimits } }, resources: {} } },
      telemetry: { "opentelemetry-collector": { resources: { requests: { memory: "100Mi" } } } },
    },
    "bearstack:security": { limits: { defaultRequest: { cpu: "17m", memory: "41Mi" } } },
  },
};

/** What the plan and a cluster both know. */
interface Figures {
  pods: number;
  milliCpu: number;
  memory: number;
  storage: number;
  loadBalancers: number;
  crds: number;
  namespaces: number;
}

const operatedKinds = ["Prometheus", "Alertmanager"];

/** What the pods that prometheus-operator makes ask: without it they are in no cluster. */
function operated({ config, offers, resolved }: CheckedStack): Asked[] {
  const objects = resolved!.addons.flatMap(outlineOf).filter(({ kind }) => operatedKinds.includes(kind));
  return objects.map((object) => askedBy(object, offers.nodes!, defaultRequestOf(config.security.limits)));
}

function planned(checked: CheckedStack, leftOut: readonly Asked[]): Figures {
  const { totals } = makePlan(checked);
  const less = (field: keyof Asked): number => leftOut.reduce((sum, asked) => sum + asked[field], 0);
  return {
    pods: totals.pods - less("pods"),
    milliCpu: Math.round((totals.cpuRequests - less("cpu")) * 1000),
    memory: totals.memoryRequests - less("memory"),
    storage: totals.storage - less("storage"),
    loadBalancers: totals.loadBalancers - less("loadBalancers"),
    crds: totals.crds,
    namespaces: totals.namespaces,
  };
}

/** The same, read from the API server; pods of Jobs, which have ended, are only counted. */
async function found(kube: Kube): Promise<{ figures: Figures; ofJobs: number }> {
  const ofJob = (pod: any): boolean => (pod.metadata.ownerReferences ?? []).some(({ kind }: { kind: string }) => kind === "Job");
  let pods: any[] = [];
  const unsettled = async (): Promise<string[]> => {
    pods = await kube.list({ apiVersion: "v1", kind: "Pod" });
    const isAsWanted = (pod: any): boolean => (ofJob(pod) ? pod.status.phase === "Succeeded" : pod.status.phase === "Running" && !!pod.spec.nodeName);
    return pods.filter((pod) => !isAsWanted(pod) || pod.metadata.deletionTimestamp).map(({ metadata }) => metadata.name);
  };
  await expect.poll(unsettled).toEqual([]);
  const running = pods.filter((pod) => !ofJob(pod));
  const sizes = running.map(effectiveRequests);
  const claims = await kube.list({ apiVersion: "v1", kind: "PersistentVolumeClaim" });
  const services = await kube.list({ apiVersion: "v1", kind: "Service" });
  const crds = await kube.list({ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" }, { metadataOnly: true });
  const namespaces = await kube.list({ apiVersion: "v1", kind: "Namespace" }, { metadataOnly: true });
  const sum = (values: number[]): number => values.reduce((all, value) => all + value, 0);
  return {
    figures: {
      pods: running.length,
      milliCpu: sum(sizes.map(({ milliCpu }) => milliCpu)),
      memory: sum(sizes.map(({ memory }) => memory)),
      storage: sum(claims.map(({ spec }) => amount(spec.resources.requests.storage)!)),
      loadBalancers: services.filter(({ spec }) => spec.type === "LoadBalancer").length,
      crds: crds.length,
      namespaces: namespaces.filter(({ metadata }) => ![...systemNamespaces, MEMORY_NAMESPACE].includes(metadata.name)).length,
    },
    ofJobs: pods.length - running.length,
  };
}

/** The sums of Kubernetes' own tool, over the nodes: our arithmetic on pods must not be what makes the two agree. */
async function describedByKubectl({ kubeconfig }: TestSandbox): Promise<Pick<Figures, "pods" | "milliCpu" | "memory">> {
  const text = execFileSync(await ensureTool("kubectl", () => undefined), ["--kubeconfig", kubeconfig, "describe", "nodes"], { encoding: "utf8" });
  const all = (pattern: RegExp): number => [...text.matchAll(pattern)].reduce((sum, [, value]) => sum + amount(value)!, 0);
  return {
    pods: all(/^Non-terminated Pods:\s+\((\d+) in total\)/gm),
    milliCpu: Math.round(all(/^ {2}cpu +(\S+) \(\d+%\)/gm) * 1000),
    memory: all(/^ {2}memory +(\S+) \(\d+%\)/gm),
  };
}

let sandbox: TestSandbox | undefined;
let kube: Kube | undefined;
let project: string | undefined;
let stopOperator: (() => Promise<void>) | undefined;

afterEach(async () => {
  await stopOperator?.();
  kube?.close();
  await sandbox?.stop();
  if (project !== undefined) await rm(project, { recursive: true, force: true });
  sandbox = kube = project = stopOperator = undefined;
});

describe("the sum of requests in the plan", { timeout: 1_800_000 }, () => {
  test.each(Object.entries(stacks))("is what the API server counts: %s", async (name, config) => {
    project = await mkdtemp(join(tmpdir(), "bear-requests-"));
    sandbox = await testSandbox();
    const kubeconfig = await readFile(sandbox.kubeconfig, "utf8");
    kube = new Kube(kubeconfig);
    const { checked, result } = await applyStack({ "bearstack:cluster": inlineCluster, ...config }, { sandbox, project, kubeconfig });
    expect(result.failures.map(({ entry, message }) => `${entry.what}: ${message}`)).toEqual([]);
    const made = (kind: string): number => result.entries.filter((entry) => entry.kind === kind).length;

    // Only the real chart makes the objects that the operator reads.
    const operator = folder === undefined ? undefined : findOperator();
    if (operator !== undefined) stopOperator = await operate(operator, kube, sandbox.kubeconfig);
    const leftOut = operator === undefined ? operated(checked) : [];
    const { figures, ofJobs } = await found(kube);
    const { pods, milliCpu, memory } = figures;
    process.stdout.write(
      `${name}: ${pods} pods, ${milliCpu}m cores, ${memory / 2 ** 20}Mi memory, ${figures.storage / 2 ** 30}Gi of claims, ${figures.loadBalancers} load balancers ` +
        `from ${made("chart")} charts and ${made("outline")} outlines; left out: ${ofJobs} ended pods of Jobs, ` +
        `${leftOut.reduce((sum, asked) => sum + asked.pods, 0)} pods of prometheus-operator${operator === undefined ? ", which does not run" : ", which ran"}\n`,
    );
    expect(planned(checked, leftOut)).toEqual(figures);
    expect(await describedByKubectl(sandbox)).toEqual({ pods, milliCpu, memory });
    expect(pods).toBeGreaterThan(10);
  });
});

test("the API server fills requests as the plan says it does, and refuses what the check refuses", { timeout: 600_000 }, async () => {
  sandbox = await testSandbox();
  const own = (kube = new Kube(await readFile(sandbox.kubeconfig, "utf8")));
  await own.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "limited" } });
  const { defaultRequest, default: limit } = SecurityConfig.parse({}).limits;
  const range = { limits: [{ type: "Container", defaultRequest, default: limit }] };
  await own.apply({ apiVersion: "v1", kind: "LimitRange", metadata: { name: "limits", namespace: "limited" }, spec: range });
  await expect.poll(async () => (await own.list({ apiVersion: "v1", kind: "ServiceAccount" }, { namespace: "limited" })).length).toBe(1);
  const dryRun = (spec: object): Promise<Effective> =>
    own
      .request("/api/v1/namespaces/limited/pods?dryRun=All", {
        method: "POST",
        body: { apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, spec },
      })
      .then(effectiveRequests);
  const container = (resources: object, more: object = {}): object => ({ name: "a", image: "registry.example.com/a:1.0.0", resources, ...more });
  const mebi = 2 ** 20;
  expect(await dryRun({ containers: [container({})] })).toEqual({ milliCpu: 10, memory: 32 * mebi });
  expect(await dryRun({ containers: [container({ limits: { cpu: "1", memory: "64Mi" } })] })).toEqual({ milliCpu: 1000, memory: 64 * mebi });
  const sidecar = container({ requests: { cpu: "200m", memory: "64Mi" } }, { name: "sidecar", restartPolicy: "Always" });
  const init = container({ requests: { cpu: "1", memory: "16Mi" } }, { name: "init" });
  const main = container({ requests: { cpu: "100m", memory: "64Mi" } });
  expect(await dryRun({ initContainers: [sidecar, init], containers: [main] })).toEqual({ milliCpu: 1200, memory: 128 * mebi });
  expect(await dryRun({ initContainers: [init, sidecar], containers: [main] })).toEqual({ milliCpu: 1000, memory: 128 * mebi });
  await expect(dryRun({ containers: [container({ requests: { memory: "4Gi" } })] })).rejects.toThrow("must be less than or equal to memory limit of 1Gi");
});
