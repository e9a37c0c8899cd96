import { describe, expect, it } from "vitest";
import { begunObjects, planRecovery } from "./recover";
import { parseDiff } from "./verify";

const own = ["cert-manager", "traefik", "loki", "tempo", "grafana"].map((name) => ({ addon: name, name, namespace: name }));
const release = (name: string, status: string, revision = "1") => ({ name, namespace: name, status, revision, chart: `${name}-1.0.0` });

describe("planRecovery", () => {
  it("adopts what Helm finished, removes what never came up, rolls back what hangs in an upgrade", () => {
    const state = {
      deployment: {
        pending_operations: [{}, {}],
        resources: [{ type: "kubernetes:helm.sh/v3:Release", outputs: { name: "traefik", namespace: "traefik" } }],
      },
    };
    const helm = [
      release("traefik", "deployed"),
      release("cert-manager", "deployed"),
      release("loki", "pending-install"),
      release("tempo", "pending-upgrade", "3"),
      release("somebody-else", "deployed"),
    ];
    const recovery = planRecovery(own, helm, state, "prod");
    expect(recovery.adopt).toEqual(["cert-manager", "tempo"]);
    expect(recovery.commands).toEqual([
      "pulumi cancel --yes --stack prod",
      "helm uninstall loki --namespace loki --wait",
      "helm rollback tempo --namespace tempo --wait",
    ]);
  });

  it("finds nothing to do where both agree", () => {
    const state = { deployment: { resources: own.map(({ name }) => ({ type: "kubernetes:helm.sh/v3:Release", inputs: { name, namespace: name } })) } };
    expect(
      planRecovery(
        own,
        own.map(({ name }) => release(name, "deployed")),
        state,
        "dev",
      ),
    ).toEqual({ adopt: [], commands: [], reasons: [] });
  });

  it("adopts plain objects whose creation had begun and which are there", () => {
    const begun = (type: string, name: string, metadata: object) => ({
      type: "creating",
      resource: { urn: `urn:pulumi:prod::bearstack::bearstack:layers:Security$${type}::${name}`, type, inputs: { metadata } },
    });
    const state = {
      deployment: {
        pending_operations: [
          begun("kubernetes:core/v1:Namespace", "loki", { name: "loki" }),
          begun("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "payments-api-admin", { name: "tenant-admin", namespace: "payments-api" }),
          { ...begun("kubernetes:core/v1:Namespace", "old", { name: "old" }), type: "deleting" },
          begun("random:index/randomPassword:RandomPassword", "password", {}),
        ],
      },
    };
    const [namespace, binding, ...more] = begunObjects(state);
    expect(more).toEqual([]);
    expect(binding).toEqual({ adopt: "RoleBinding/payments-api-admin", kind: "RoleBinding", name: "tenant-admin", namespace: "payments-api" });
    expect(planRecovery(own, [], state, "prod", [namespace!]).adopt).toEqual(["Namespace/loki"]);
  });

  it("tells a release of the same name in another namespace apart", () => {
    expect(planRecovery(own, [{ ...release("loki", "deployed"), namespace: "elsewhere" }], {}, "dev").adopt).toEqual([]);
  });
});

describe("parseDiff", () => {
  it("reads names out of what diff prints, groups and cluster scope included", () => {
    const text = [
      "Files /tmp/LIVE-1/apps.v1.Deployment.dex.dex and /tmp/MERGED-2/apps.v1.Deployment.dex.dex differ",
      "Files /tmp/LIVE-1/v1.Service.loki.loki.headless and /tmp/MERGED-2/v1.Service.loki.loki.headless differ",
      "Files /tmp/LIVE-1/rbac.authorization.k8s.io.v1.ClusterRole..traefik-traefik and /tmp/MERGED-2/x differ",
    ].join("\n");
    expect(parseDiff(text)).toEqual([
      { object: "Deployment dex/dex", liveName: "deployment.apps/dex" },
      { object: "Service loki/loki.headless", liveName: "service/loki.headless" },
      { object: "ClusterRole traefik-traefik", liveName: "clusterrole.rbac.authorization.k8s.io/traefik-traefik" },
    ]);
  });
});
