import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Kube, LiveObject } from "../sandbox/runner/kube";

/** The real operator, where BEAR_PROMETHEUS_OPERATOR names it or PATH has it; nothing is built for a test. */
export function findOperator(): string | undefined {
  if (process.env.BEAR_PROMETHEUS_OPERATOR) return process.env.BEAR_PROMETHEUS_OPERATOR;
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "prometheus-operator"))
    .find((file) => existsSync(file));
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Flags of its Deployment, but those about its own certificates and port. */
async function flagsIn(kube: Kube): Promise<string[]> {
  const deployments = await kube.list({ apiVersion: "apps/v1", kind: "Deployment" });
  const all = deployments.flatMap(({ spec }) => (spec.template.spec.containers as { args?: string[] }[]).map(({ args }) => args ?? []));
  const found = all.find((args) => args.some((flag) => flag.startsWith("--prometheus-config-reloader=")));
  if (!found) throw new Error("no Deployment here runs prometheus-operator");
  return found.filter((flag) => !flag.startsWith("--web."));
}

const monitoring = "monitoring.coreos.com/v1";

/** Runs the operator as its Deployment says until every pod of its objects runs; gives what stops it. */
export async function operate(program: string, kube: Kube, kubeconfig: string): Promise<() => Promise<void>> {
  const flags = await flagsIn(kube);
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  const child = spawn(program, [...flags, "--web.listen-address=127.0.0.1:0"], { env, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  const keep = (chunk: Buffer): void => void (log = (log + chunk.toString()).slice(-2000));
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const exit = once(child, "exit");
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.kill("SIGTERM")) await exit;
  };
  try {
    for (let left = 120; ; left -= 1) {
      const missing = await missingPods(kube);
      if (missing.length === 0) return stop;
      if (child.exitCode !== null || left === 0) throw new Error(`prometheus-operator does not bring up ${missing.join("; ")}\n${log}`);
      await sleep(1000);
    }
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Sets of the operator that have not all their pods yet, with what Kubernetes says about it. */
async function missingPods(kube: Kube): Promise<string[]> {
  const wanted = (await Promise.all(["Prometheus", "Alertmanager"].map((kind) => kube.list({ apiVersion: monitoring, kind })))).flat();
  if (wanted.length === 0) throw new Error("there is nothing that prometheus-operator could bring up");
  const sets = await kube.list({ apiVersion: "apps/v1", kind: "StatefulSet" });
  const lines = wanted.map(async ({ kind, metadata, spec }: LiveObject) => {
    const name = `${kind.toLowerCase()}-${metadata.name}`;
    const set = sets.find((one) => one.metadata.name === name && one.metadata.namespace === metadata.namespace);
    if ((set?.status?.readyReplicas ?? 0) === (spec.replicas ?? 1)) return [];
    const events = await kube.list({ apiVersion: "v1", kind: "Event" }, { namespace: metadata.namespace!, fields: `involvedObject.name=${name},type=Warning` });
    return [`${name}: ${set?.status?.readyReplicas ?? 0} of ${spec.replicas ?? 1} pods${events.map((event: any) => `, ${event.message}`).join("")}`];
  });
  return (await Promise.all(lines)).flat();
}
