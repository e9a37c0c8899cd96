import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EngineProject, hasPulumi, withCharts } from "./project";

const config = (kubeconfig: string, data: "keep" | "delete"): string => `  bearstack:cluster: { existing: { kubeconfig: ${kubeconfig}, networkPolicies: true } }
  bearstack:platform:
    domain: engine.example.com
    data: ${data}
    logs: loki
    dashboards: grafana
  bearstack:tenants: { payments: { namespaces: [api], admins: ["group:payments"] } }
`;

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

  const upAndDown = async (data: "keep" | "delete"): Promise<Leftover[]> => {
    project.configure(config(project.kubeconfig, data));
    const up = await project.pulumi(["up", "--yes", "--skip-preview"]);
    expect(up.code, up.text).toBe(0);
    const destroyed = await project.pulumi(["destroy", "--refresh", "--yes", "--skip-preview"]);
    expect(destroyed.code, destroyed.text).toBe(0);
    const { code, text } = await project.bear(["leftovers", "-s", "data", "--json"]);
    expect(code, text).toBe(0);
    return (JSON.parse(text) as { leftovers: Leftover[] }).leftovers.filter(({ reason }) => reason !== "crd");
  };

  it("keeps the claims and their namespaces with data: keep, and lists them", async () => {
    const left = await upAndDown("keep");
    expect(left.filter(({ kind }) => kind === "Namespace").map(({ name }) => name)).toEqual(["grafana", "loki", "payments-api"]);
    expect(left.filter(({ kind }) => kind === "PersistentVolumeClaim").map(({ namespace }) => namespace)).toEqual(["grafana", "loki"]);
    expect(left.filter(({ reason }) => reason !== "data")).toEqual([]);
  });

  it("comes up again on what it kept, and leaves nothing with data: delete", async () => {
    expect(await upAndDown("delete")).toEqual([]);
  });
});
