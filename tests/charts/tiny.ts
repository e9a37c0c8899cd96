import { createServer, type RequestListener } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { packChart } from "../../components/charts/bundle";
import type { LockedChart } from "../../components/core/lock";

/** A chart of a few lines, packed as `helm package` would. */
export function tinyChart(name: string, version: string, files: Record<string, string> = {}): Buffer {
  const all = { "Chart.yaml": `apiVersion: v2\nname: ${name}\nversion: ${version}\nappVersion: "9"\n`, "values.yaml": "{}\n", ...files };
  return packChart(Object.entries(all).map(([path, text]) => [`${name}/${path}`, text]));
}

export function tinyCrd(plural: string, extra = ""): string {
  const kind = plural[0]!.toUpperCase() + plural.slice(1, -1);
  return `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: ${plural}.tiny.example.com
spec:
  group: tiny.example.com
  names: { kind: ${kind}, plural: ${plural} }
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          description: ${JSON.stringify(`A ${kind}. ${extra}`)}
`;
}

export function tinyLock(over: Partial<LockedChart> = {}): LockedChart {
  return { repository: "https://charts.example.invalid", version: "1.2.3", release: "tiny", crdsFolder: false, crds: [], outline: [], ...over };
}

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "bearstack-charts-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An HTTP server on loopback that stops after the test, and the paths it was asked for. */
export async function serve(listener: RequestListener): Promise<{ url: string; host: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    if (request.method !== "HEAD") asked.push(request.url!);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: `http://${host}`, host, asked };
}
