import { resolve } from "node:path";
import { outlineObjects, OUTLINE_LABEL, type KubeObject } from "../../components/charts/outline";
import type { LockedChart, Outline } from "../../components/core/lock";
import type { Entry } from "./events";
import { chartDigest, type Helm, type StoredRelease } from "./helm";
import { refOf, refText, type Kube, type ObjectRef } from "./kube";
import { digestOf, type Memory, type Remembered } from "./memory";
import { reveal, type Outcome, type Registration } from "./monitor";
import { applyReady, gone, type Live, removeAndWait, type ApplyOptions } from "./objects";
import { workloadKinds } from "./ready";
import { limiter, retrying } from "./retry";

/** What is known of a release before the program runs: its chart's facts, and where the chart is. */
export interface KnownChart {
  /** Folder or package; undefined where it cannot be reached. */
  path: string | undefined;
  /** Why it cannot be reached. */
  reason?: string;
  locked: LockedChart;
  /** The outline with the add-on's knobs applied. */
  outline: Outline;
}

export interface ReleaseTools {
  kube: Kube;
  helm: Helm;
  memory: Memory;
  live: Live;
  /** By release name. */
  charts: ReadonlyMap<string, KnownChart>;
  /** Folder that relative chart paths start from. */
  project: string;
  signal: AbortSignal;
}

/** Helm works on this many releases at a time. */
const AT_ONCE = 4;

/** Installs releases: from their chart where it can be had, else as the chart's outline. */
export class Releases {
  readonly #limit = limiter(AT_ONCE);
  #stored: Promise<Map<string, StoredRelease>> | undefined;

  constructor(private readonly tools: ReleaseTools) {}

  async apply(registration: Registration, key: string, entry: Entry, say: (note: string) => void): Promise<Outcome> {
    const inputs = reveal(registration.inputs);
    const name: string = inputs.name ?? registration.name;
    const namespace: string = inputs.namespace ?? "default";
    entry.release = { name, namespace };
    const known = this.tools.charts.get(name);
    const stored = await this.#current(name, namespace, say);
    if (known && known.path === undefined) {
      entry.kind = "outline";
      if (stored) {
        entry.kind = "chart";
        entry.state = "kept";
        entry.note = `its chart is not reachable now (${known.reason ?? "no answer"}); kept as installed before`;
        await this.#note(key, name, namespace, stored.digest);
      } else await this.#outline(known, key, entry, say);
    } else {
      entry.kind = "chart";
      await this.#chart(inputs, known, key, entry, stored, say);
    }
    const status = { name, namespace, chart: inputs.chart, version: inputs.version, status: "deployed" };
    return { id: `${namespace}/${name}`, state: { ...registration.inputs, name, namespace, status } };
  }

  async remove(entry: Remembered, options: ApplyOptions): Promise<void> {
    if (entry.kind === "outline") return this.#removeOutline(entry, options);
    const ref = entry.refs[0]!;
    const stored = (await this.tools.helm.releases(ref.name)).get(`${ref.namespace}/${ref.name}`);
    if (stored) await this.#limit(() => this.tools.helm.uninstall(stored));
    this.tools.live.clear();
  }

  /** The release as Helm knows it, without what a killed run left half-done. */
  async #current(name: string, namespace: string, say: (note: string) => void): Promise<StoredRelease | undefined> {
    this.#stored ??= this.tools.helm.releases();
    const key = `${namespace}/${name}`;
    const stored = (await this.#stored).get(key);
    if (!stored) return undefined;
    if (!/^(pending|uninstalling)/.test(stored.status)) return stored;
    await this.#limit(() => this.tools.helm.settle(stored, say));
    this.tools.live.clear();
    return (await this.tools.helm.releases(name)).get(key);
  }

  async #chart(
    inputs: any,
    known: KnownChart | undefined,
    key: string,
    entry: Entry,
    stored: StoredRelease | undefined,
    say: (note: string) => void,
  ): Promise<void> {
    const { helm, memory, signal, project } = this.tools;
    const { name, namespace } = entry.release!;
    const repository: string | undefined = inputs.repositoryOpts?.repo;
    const isPath = known !== undefined || (repository === undefined && /^[./]/.test(inputs.chart));
    const chart = isPath ? resolve(project, known?.path ?? inputs.chart) : (inputs.chart as string);
    const source = isPath ? await chartDigest(chart) : [repository, chart, inputs.version];
    const skipCrds: boolean = inputs.skipCrds ?? false;
    const digest = digestOf([source, inputs.values ?? {}, skipCrds]);
    const remembered = memory.get(key);
    const options: ApplyOptions = { signal, say };
    let why: string | undefined;

    if (stored?.status === "deployed" && stored.digest === digest) {
      const lost = (remembered?.workloads ?? 0) - (await this.#workloads(name, namespace));
      if (lost <= 0) {
        entry.state = "unchanged";
        if (remembered?.digest !== digest || remembered.kind !== "release") await this.#note(key, name, namespace, digest);
        return;
      }
      why = `${lost} of its workloads ${lost === 1 ? "was" : "were"} gone`;
    }
    if (remembered?.kind === "outline") {
      say("its chart can be had now: its outline goes first");
      await this.#removeOutline(remembered, options);
      why = "took the place of its outline";
    }
    const old = remembered?.kind === "release" ? remembered.refs[0] : undefined;
    if (old && (old.namespace !== namespace || old.name !== name)) await helm.uninstall({ name: old.name, namespace: old.namespace ?? "default" });
    await this.#note(key, name, namespace, undefined);
    say("waits for its turn");
    await this.#limit(async () => {
      say(stored ? "upgrades" : "installs");
      await helm.upgrade({
        name,
        namespace,
        chart,
        version: isPath ? undefined : inputs.version,
        repository,
        values: inputs.values,
        skipCrds,
        skipAwait: inputs.skipAwait ?? false,
        waitForJobs: inputs.waitForJobs ?? false,
        timeoutSeconds: inputs.timeout ?? 300,
        maxHistory: inputs.maxHistory ?? 10,
        digest,
      });
    });
    this.tools.live.clear();
    await this.#note(key, name, namespace, digest);
    entry.state = stored ? "changed" : "created";
    if (why) entry.note = why;
    else delete entry.note;
  }

  async #note(key: string, name: string, namespace: string, digest: string | undefined): Promise<void> {
    const workloads = digest === undefined ? undefined : await this.#workloads(name, namespace);
    await this.tools.memory.note({
      key,
      kind: "release",
      refs: [{ apiVersion: "helm.sh/v3", kind: "Release", namespace, name }],
      ...(digest ? { digest } : {}),
      ...(workloads === undefined ? {} : { workloads }),
    });
  }

  /** Workloads that Helm has marked as parts of a release. */
  async #workloads(name: string, namespace: string): Promise<number> {
    const lists = await Promise.all(workloadKinds.map((kind) => this.tools.live.all({ apiVersion: "apps/v1", kind })));
    return lists
      .flatMap((list) => [...list.values()])
      .filter(
        ({ metadata: { annotations } }) => annotations?.["meta.helm.sh/release-name"] === name && annotations["meta.helm.sh/release-namespace"] === namespace,
      ).length;
  }

  async #outline(known: KnownChart, key: string, entry: Entry, say: (note: string) => void): Promise<void> {
    const { memory, kube, live, signal } = this.tools;
    const { name, namespace } = entry.release!;
    const why = `chart not reachable: ${known.reason ?? "no answer"}`;
    const all = outlineObjects(known.locked, known.outline, { namespace, release: name });
    const objects = await this.#withoutForeignCrds(all);
    const refs = objects.map(refOf);
    const digest = digestOf(all);
    const before = memory.get(key);
    if (before?.kind === "outline" && before.digest === digest && (await Promise.all(before.refs.map((ref) => live.get(ref)))).every(Boolean)) {
      entry.state = "unchanged";
      entry.note = why;
      return;
    }
    const text = (ref: ObjectRef): string => `${ref.apiVersion} ${refText(ref)}`;
    const wanted = new Set(refs.map(text));
    const old = before?.kind === "outline" ? before.refs.filter((ref) => !wanted.has(text(ref))) : [];
    await memory.note({ key, kind: "outline", refs: [...old, ...refs] });
    const options: ApplyOptions = { signal, say };
    for (const ref of [...old].reverse()) await removeAndWait(kube, ref, options);
    for (const stage of stages(objects)) await Promise.all(stage.map((object) => applyReady(kube, object, options)));
    live.clear();
    await memory.note({ key, kind: "outline", refs, digest });
    entry.state = before ? "changed" : "created";
    entry.note = why;
  }

  /** A CRD that a real chart left behind stays what it is: an open schema over it would break its stored objects. */
  async #withoutForeignCrds(objects: readonly KubeObject[]): Promise<KubeObject[]> {
    const crds = await this.tools.live.all({ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" });
    return objects.filter((object) => {
      const there = object.kind === "CustomResourceDefinition" ? crds.get(`/${object.metadata.name}`) : undefined;
      return !there || there.metadata.labels?.[OUTLINE_LABEL] !== undefined;
    });
  }

  /** Removes an outline, its CRDs and with them their objects included. */
  async #removeOutline(entry: Remembered, options: ApplyOptions): Promise<void> {
    const { kube, live } = this.tools;
    const refs = [...entry.refs].reverse();
    for (const ref of refs) await retrying(() => kube.delete(ref), options);
    await Promise.all(refs.map((ref) => gone(kube, ref, options)));
    live.clear();
  }
}

/** CRDs and accounts first, then Services and claims, then what runs. */
function stages(objects: readonly KubeObject[]): KubeObject[][] {
  const rank = (kind: string): number =>
    kind === "CustomResourceDefinition" || kind === "ServiceAccount" ? 0 : /^(Deployment|StatefulSet|DaemonSet|Job|CronJob)$/.test(kind) ? 2 : 1;
  return [0, 1, 2].map((stage) => objects.filter((object) => rank(object.kind) === stage)).filter((stage) => stage.length > 0);
}
