import { readFile } from "node:fs/promises";
import { Helm } from "../helm";
import { Kube, type LiveObject } from "../kube";
import { NAMESPACE } from "./program";

const kinds = [
  ["v1", "Namespace"],
  ["v1", "Service"],
  ["v1", "Secret"],
  ["v1", "ConfigMap"],
  ["v1", "ServiceAccount"],
  ["apps/v1", "Deployment"],
  ["apiextensions.k8s.io/v1", "CustomResourceDefinition"],
  ["demo.bearstack.dev/v1", "Bear"],
  ["demo.bearstack.dev/v1", "Cub"],
] as const;

export interface Dump {
  /** What the demo made, without anything that differs between two equal runs. */
  objects: Record<string, unknown>;
  /** Changes whenever anybody writes an object. */
  versions: Record<string, string>;
}

/** The demo's part of a sandbox. */
export async function dump(kubeconfig: string): Promise<Dump> {
  const kube = new Kube(await readFile(kubeconfig, "utf8"));
  const objects: Record<string, unknown> = {};
  const versions: Record<string, string> = {};
  for (const [apiVersion, kind] of kinds) {
    for (const object of await kube.list({ apiVersion, kind })) {
      const { name, namespace, labels, annotations, resourceVersion } = object.metadata;
      const ours = namespace === NAMESPACE || (namespace === undefined && (name === NAMESPACE || name.endsWith(".demo.bearstack.dev")));
      if (!ours || name.startsWith("kube-root-ca") || object.type === "helm.sh/release.v1") continue;
      const { "deployment.kubernetes.io/revision": _revision, ...own } = annotations ?? {};
      objects[`${kind} ${name}`] = {
        labels,
        annotations: own,
        spec: spec(kind, object),
        keys: Object.keys(object.data ?? {}),
        ready: object.status?.availableReplicas,
      };
      versions[`${kind} ${name}`] = resourceVersion;
    }
  }
  const helm = new Helm({ binary: "", kubeconfig, home: "", kube, signal: new AbortController().signal });
  for (const release of (await helm.releases()).values())
    if (release.namespace === NAMESPACE) objects[`release ${release.name}`] = [release.status, release.digest];
  kube.close();
  return { objects, versions };
}

/** Addresses and ports are given out anew each time. */
function spec(kind: string, object: LiveObject): unknown {
  if (kind !== "Service") return object.spec;
  const { clusterIP: _ip, clusterIPs: _ips, ports, ...rest } = object.spec;
  return { ...rest, ports: ports.map(({ nodePort: _port, ...port }: any) => port) };
}
