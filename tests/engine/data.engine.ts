import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EngineProject, hasPulumi, withCharts } from "./project";

const config = (
  kubeconfig: string,
  data: "keep" | "delete",
  adopt = "",
): string => `  bearstack:cluster: { existing: { kubeconfig: ${kubeconfig}, networkPolicies: true } }
${adopt}  bearstack:platform:
    domain: engine.example.com
    data: ${data}
    logs: loki
    dashboards: grafana
  bearstack:tenants: { payments: { namespaces: [api], admins: ["group:payments"] } }
`;

const VOLUMES = ["get", "persistentvolumeclaims", "-A", "-o", 'jsonpath={range .items[*]}{.metadata.namespace} {.spec.volumeName}{"\\n"}{end}'];

interface Leftover {
  kind: string;
  namespace?: string;
  name: string;
  reason: string;
}

describe.skipIf(!hasPulumi || !withCharts)("the real engine and what holds data", () => {
  const project = new EngineProject("data");
  beforeAll(() => project.start());
  afterAll(() => project.stop());

  const up = async (data: "keep" | "delete", adopt?: string): Promise<void> => {
    project.configure(config(project.kubeconfig, data, adopt));
    const ran = await project.pulumi(["up", "--yes", "--skip-preview"]);
    expect(ran.code, ran.text).toBe(0);
  };

  const destroy = async (): Promise<Leftover[]> => {
    const destroyed = await project.pulumi(["destroy", "--refresh", "--yes", "--skip-preview"]);
    expect(destroyed.code, destroyed.text).toBe(0);
    const { code, text } = await project.bear(["leftovers", "-s", "data", "--json"]);
    expect(code, text).toBe(0);
    return (JSON.parse(text) as { leftovers: Leftover[] }).leftovers.filter(({ reason }) => reason !== "crd");
  };

  let volumes = "";

  it("keeps the claims and their namespaces with data: keep, and lists them", async () => {
    await up("keep");
    volumes = (await project.run(project.kubectl, VOLUMES)).text;
    const left = await destroy();
    expect(left.filter(({ kind }) => kind === "Namespace").map(({ name }) => name)).toEqual(["grafana", "loki", "payments-api"]);
    expect(left.filter(({ kind }) => kind === "PersistentVolumeClaim").map(({ namespace }) => namespace)).toEqual(["grafana", "loki"]);
    expect(left.filter(({ reason }) => reason !== "data")).toEqual([]);
  });

  it("comes up again on the same volumes by the line that leftovers prints, and leaves nothing with data: delete", async () => {
    const { text } = await project.bear(["leftovers", "-s", "data"]);
    const line = /^ {2}bearstack:adopt: \[.*\]$/m.exec(text)?.[0];
    expect(line).toBe("  bearstack:adopt: [Namespace/grafana, Namespace/loki, Namespace/payments-api]");
    await up("delete", `${line!}\n`);
    expect((await project.run(project.kubectl, VOLUMES)).text).toBe(volumes);
    project.configure(config(project.kubeconfig, "delete"));
    const settled = await project.pulumi(["preview", "--expect-no-changes"]);
    expect(settled.code, settled.text).toBe(0);
    expect(await destroy()).toEqual([]);
  });
});
