import { describe, expect, it } from "vitest";
import { one, platformStack, recordPlatform, resolvedAddon, valuesIn } from "../../../tests/platforms";
import { limits } from "../loki/values";
import { pipeline } from "./pipeline";

const on = (shipper: object = {}, rest: object = {}) => ({ logs: { loki: { shipper: { alloy: shipper } } }, ...rest });
const values = (shipper?: object, rest?: object): any => valuesIn(on(shipper, rest), "alloy");

/** A relabel rule of the pipeline: its regular expression and replacement, by the label it writes. */
function rule(label: string): { regex: RegExp; replacement: string } {
  const blocks = pipeline("http://logs").split("  rule {");
  const block = blocks.find((text) => text.includes(`target_label  = "${label}"`))!;
  const field = (name: string): string | undefined => new RegExp(`${name}\\s+= (".*")`).exec(block)?.[1];
  const text = (name: string, otherwise: string): string => (field(name) ? (JSON.parse(field(name)!) as string) : otherwise);
  return { regex: new RegExp(`^(?:${text("regex", "(.*)")})$`), replacement: text("replacement", "$1").replace(/\$\{(\d)\}/g, "$$$1") };
}

const relabelled = (label: string, ...sources: string[]): string => sources.join(";").replace(rule(label).regex, rule(label).replacement);

describe("alloy pipeline", () => {
  const text = pipeline("http://loki.loki.svc:3100/");

  it("pushes to the store's own path", () => {
    expect(text).toContain('url                 = "http://loki.loki.svc:3100/loki/api/v1/push"');
  });

  it("sees the pods of its own node only", () => {
    expect(text).toContain('field = "spec.nodeName=" + sys.env("K8S_NODE_NAME")');
  });

  it("finds the files of a container by namespace, pod and name", () => {
    expect(relabelled("__path__", "shop", "web-0", "nginx")).toBe("/var/log/pods/shop_web-0_*/nginx/*.log");
  });

  it.each([
    [["web", "old", "nginx"], "web"],
    [["", "old", "nginx"], "old"],
    [["", "", "nginx"], "nginx"],
  ])("calls an app by the first name it has: %j", (sources, app) => {
    expect(relabelled("app", ...sources)).toBe(app);
  });

  it("labels streams by what a pod is, not by its files", () => {
    for (const label of ["namespace", "pod", "container", "node"]) expect(relabelled(label, "x"), label).toBe("x");
    expect(text).toMatch(/stage\.label_drop \{\s+values = \["filename"\]/);
  });

  it("hands lines from component to component, and each of them is there", () => {
    const made = [...text.matchAll(/^([a-z_.]+) "(\w+)" \{$/gm)].map(([, kind, name]) => `${kind}.${name}`);
    const used = [...text.matchAll(/((?:discovery|loki)\.[a-z]+\.\w+)\.(?:targets|output|receiver)/g)].map(([, component]) => component);
    expect(used).toEqual(["discovery.kubernetes.pods", "discovery.relabel.pods", "loki.process.pods", "loki.write.logs"]);
    expect(made).toEqual(expect.arrayContaining(used));
    expect(text.split("{").length).toBe(text.split("}").length);
  });

  it("has nothing in it that Helm would take for a template", () => {
    expect(text).not.toContain("{{");
  });

  it("gives up old lines itself as long as Loki keeps to its own limit for them", () => {
    expect(text).toContain('older_than          = "167h"');
    expect(limits("14d")).not.toHaveProperty("reject_old_samples_max_age");
  });
});

describe("alloy values", () => {
  it("reads host files as root, without capabilities, on a file system it cannot write", () => {
    expect(values()).toMatchObject({
      crds: { create: false },
      global: { podSecurityContext: { seccompProfile: { type: "RuntimeDefault" } } },
      alloy: {
        enableReporting: false,
        mounts: { varlog: true },
        securityContext: { runAsUser: 0, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      },
      configReloader: { enabled: false },
    });
    expect(values().alloy.securityContext.capabilities).not.toHaveProperty("add");
  });

  it("may see pods, and nothing else of the API", () => {
    const { rules, clusterRules } = values().rbac;
    expect([...rules, ...clusterRules]).toEqual([
      { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] },
      { apiGroups: [""], resources: ["pods"], verbs: ["watch"] },
    ]);
  });

  it("remembers on the host what it has read", () => {
    const { alloy, controller } = values();
    expect(controller.volumes.extra).toEqual([{ name: "positions", hostPath: { path: "/var/lib/bearstack/alloy", type: "DirectoryOrCreate" } }]);
    expect(alloy.mounts.extra).toEqual([{ name: "positions", mountPath: alloy.storagePath }]);
  });

  it("runs on every node, unless told where", () => {
    expect(values().controller).toMatchObject({ tolerations: [{ operator: "Exists" }], nodeSelector: { "kubernetes.io/os": "linux" } });
    const placement = { nodeSelector: { pool: "a" }, tolerations: [{ key: "b" }], priorityClassName: "high" };
    expect(values({ placement }).controller).toMatchObject(placement);
  });

  it("takes resources, the mirror and pull secrets, and is scraped where something scrapes", () => {
    const rest = { imageMirror: "mirror.example.com", pullSecrets: ["pull"], metrics: "prometheus" };
    expect(values({ resources: { limits: { memory: "1Gi" } } }, rest)).toMatchObject({
      alloy: { resources: { limits: { memory: "1Gi" } } },
      global: { image: { registry: "mirror.example.com", pullSecrets: [{ name: "pull" }] } },
      serviceMonitor: { enabled: true },
    });
    expect(values()).not.toHaveProperty("serviceMonitor");
  });

  it("sends to Loki wherever that is", () => {
    const moved = valuesIn({ logs: { loki: { namespace: "logging" } } }, "alloy") as { alloy: { configMap: { content: string } } };
    expect(moved.alloy.configMap.content).toContain('"http://loki.logging.svc:3100/loki/api/v1/push"');
  });
});

describe("alloy resources", () => {
  it("lives in a privileged namespace of its own, and starts after Loki", async () => {
    expect(resolvedAddon(platformStack(on()), "alloy").contributions.namespaces).toMatchObject([
      { name: "alloy-agents", podSecurity: "privileged", claims: false },
    ]);
    const resources = await recordPlatform(on());
    expect(one(resources, "Namespace", "alloy-agents").inputs.metadata.labels).toMatchObject({ "pod-security.kubernetes.io/enforce": "privileged" });
    expect(one(resources, "Namespace", "loki").inputs.metadata.labels).toMatchObject({ "pod-security.kubernetes.io/enforce": "restricted" });
    const release = one(resources, "Release", "alloy");
    expect(release.inputs).toMatchObject({ namespace: "alloy-agents", chart: "alloy", version: "1.11.1" });
    expect(release.dependsOn.join()).toContain("loki");
  });
});
