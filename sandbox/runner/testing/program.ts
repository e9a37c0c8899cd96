import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import type { Output } from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random";
import type { LockedChart } from "../../../components/core/lock";
import type { KnownChart } from "../releases";

export const NAMESPACE = "runner-demo";

export interface DemoOptions {
  /** Folder of the chart `web`. */
  chart: string;
  replicas?: number;
  /** Adds a ConfigMap and a second release. */
  more?: boolean;
  /** Adds an object the API server refuses, and one that depends on it. */
  broken?: boolean;
}

/** A platform in small: namespace, native workload, generated password, CRD with an object, chart with a CRD and an object of it. */
export async function demo(options: DemoOptions): Promise<Record<string, Output<unknown>>> {
  const provider = new k8s.Provider("cluster", { kubeconfig: "unused" });
  const namespace = new k8s.core.v1.Namespace(NAMESPACE, { metadata: { name: NAMESPACE } }, { provider });
  const inside = { provider, dependsOn: [namespace] };
  const place = (name: string) => ({ name, namespace: NAMESPACE });
  const password = new RandomPassword("login", { length: 24, special: false, minNumeric: 2 });
  new k8s.core.v1.Secret("login", { metadata: place("login"), stringData: { password: password.result, hash: password.bcryptHash } }, inside);
  new k8s.apps.v1.Deployment(
    "native",
    {
      metadata: place("native"),
      spec: {
        replicas: options.replicas ?? 2,
        selector: { matchLabels: { app: "native" } },
        template: { metadata: { labels: { app: "native" } }, spec: { containers: [{ name: "native", image: "example.com/native:1" }] } },
      },
    },
    inside,
  );
  new k8s.core.v1.Service("front", { metadata: place("front"), spec: { type: "LoadBalancer", selector: { app: "native" }, ports: [{ port: 80 }] } }, inside);
  new k8s.apiextensions.v1.CustomResourceDefinition(
    "bears",
    {
      metadata: { name: "bears.demo.bearstack.dev" },
      spec: {
        group: "demo.bearstack.dev",
        scope: "Namespaced",
        names: { kind: "Bear", plural: "bears", singular: "bear" },
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: { size: { type: "integer" } } } } } },
          },
        ],
      },
    },
    { provider },
  );
  // Without dependsOn on purpose: the kind is unknown until its CRD is served.
  new k8s.apiextensions.CustomResource("teddy", { apiVersion: "demo.bearstack.dev/v1", kind: "Bear", metadata: place("teddy"), spec: { size: 3 } }, inside);
  const web = new k8s.helm.v3.Release(
    "web",
    { name: "web", namespace: NAMESPACE, chart: options.chart, version: "1.0.0", atomic: true, timeout: 120, values: { replicas: options.replicas ?? 2 } },
    inside,
  );
  new k8s.apiextensions.CustomResource(
    "bruno",
    { apiVersion: "demo.bearstack.dev/v1", kind: "Cub", metadata: place("bruno"), spec: { age: 1 } },
    { provider, dependsOn: [web] },
  );
  if (options.more) {
    new k8s.core.v1.ConfigMap("extra", { metadata: place("extra"), data: { a: "b" } }, inside);
    new k8s.helm.v3.Release(
      "second",
      { name: "second", namespace: NAMESPACE, chart: options.chart, values: { replicas: 1, crd: false }, timeout: 120, atomic: true },
      { provider, dependsOn: [web] },
    );
  }
  if (options.broken) {
    const bad = new k8s.core.v1.ConfigMap("bad", { metadata: { name: "Not_A_Name", namespace: NAMESPACE } }, inside);
    new k8s.core.v1.ConfigMap("after-bad", { metadata: place("after-bad") }, { provider, dependsOn: [bad] });
    new k8s.core.v1.ConfigMap("beside-bad", { metadata: place("beside-bad") }, inside);
  }
  return { loginPassword: password.result };
}

/** Writes the chart that the demo installs. */
export async function writeChart(folder: string): Promise<string> {
  const files: Record<string, string> = {
    "Chart.yaml": JSON.stringify({ apiVersion: "v2", name: "web", version: "1.0.0" }),
    "values.yaml": JSON.stringify({ replicas: 1, crd: true }),
    "templates/account.yaml": JSON.stringify({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "{{ .Release.Name }}" } }),
    "templates/service.yaml": JSON.stringify({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "{{ .Release.Name }}" },
      spec: { selector: { app: "{{ .Release.Name }}" }, ports: [{ port: 80 }] },
    }),
    "templates/deployment.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: { name: "{{ .Release.Name }}" }
spec:
  replicas: {{ .Values.replicas }}
  selector: { matchLabels: { app: "{{ .Release.Name }}" } }
  template:
    metadata: { labels: { app: "{{ .Release.Name }}" } }
    spec: { serviceAccountName: "{{ .Release.Name }}", containers: [ { name: web, image: "example.com/web:1" } ] }
`,
    "templates/hook.yaml": `apiVersion: batch/v1
kind: Job
metadata: { name: "{{ .Release.Name }}-before", annotations: { helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: "before-hook-creation" } }
spec: { template: { spec: { restartPolicy: Never, containers: [ { name: once, image: "example.com/once:1" } ] } } }
`,
    "templates/crd.yaml": `{{ if .Values.crd }}
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: cubs.demo.bearstack.dev }
spec:
  group: demo.bearstack.dev
  scope: Namespaced
  names: { kind: Cub, plural: cubs, singular: cub }
  versions: [ { name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object, properties: { spec: { type: object, properties: { age: { type: integer } } } } } } } ]
{{ end }}
`,
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

/** What a chart lock would say of that chart. */
export function lockedWeb(): LockedChart {
  return {
    repository: "https://charts.example.com",
    version: "1.0.0",
    release: "web",
    crdsFolder: false,
    crds: [{ group: "demo.bearstack.dev", kind: "Cub", plural: "cubs", scope: "Namespaced", versions: [{ name: "v1", served: true, storage: true }] }],
    outline: [
      { apiVersion: "v1", kind: "ServiceAccount", name: "web", namespace: "@" },
      { apiVersion: "v1", kind: "Service", name: "web", namespace: "@", ports: [{ port: 80 }], selector: { app: "web" } },
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        name: "web",
        namespace: "@",
        replicas: 2,
        serviceAccount: "web",
        podLabels: { app: "web" },
        containers: [{ name: "web", image: "example.com/web:1", ports: [{ port: 8080 }] }],
      },
    ],
  };
}

/** The demo's charts as `dev` would have found them: at a path, or out of reach. */
export function knownCharts(path: string | undefined): Map<string, KnownChart> {
  const locked = lockedWeb();
  return new Map([["web", { path, ...(path ? {} : { reason: "no network" }), locked, outline: locked.outline }]]);
}
