import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { absolutePaths, pinKubeconfig } from "./kubeconfig";

const file = `
apiVersion: v1
kind: Config
current-context: prod
clusters:
- { name: a, cluster: { server: "https://a.example.com", certificate-authority: ca.crt } }
- { name: b, cluster: { server: "https://b.example.com", certificate-authority-data: QUJD } }
contexts:
- { name: prod, context: { cluster: a, user: ops } }
- { name: stage, context: { cluster: b, user: ops } }
users:
- { name: ops, user: { client-certificate: certs/ops.crt, client-key: /etc/ops.key, token: one } }
`;

describe("pinKubeconfig", () => {
  it("keeps one context and nothing of the others", () => {
    const pinned = pinKubeconfig(file, "stage", "kubeconfig");
    const config = parse(pinned.kubeconfig) as { clusters: { name: string }[]; contexts: { name: string }[]; "current-context": string };
    expect(pinned.context).toBe("stage");
    expect(config["current-context"]).toBe("stage");
    expect([config.clusters.map((entry) => entry.name), config.contexts.map((entry) => entry.name)]).toEqual([["b"], ["stage"]]);
  });

  it("names the cluster by server and CA: new credentials keep the name, another cluster changes it", () => {
    const first = pinKubeconfig(file, undefined, "kubeconfig").identifier;
    expect(pinKubeconfig(file.replace("token: one", "token: two"), undefined, "kubeconfig").identifier).toBe(first);
    expect(pinKubeconfig(file, "stage", "kubeconfig").identifier).not.toBe(first);
  });

  it("says which contexts there are when the wanted one is not", () => {
    expect(() => pinKubeconfig(file, "test", "kubeconfig")).toThrow(
      'kubeconfig has no context "test".\n  → Set cluster.existing.context to one of: prod, stage.',
    );
    expect(() => pinKubeconfig("just text", undefined, "kubeconfig")).toThrow("kubeconfig is no kubeconfig");
  });
});

describe("absolutePaths", () => {
  it("makes file references independent of the folder they were written for", () => {
    const config = parse(absolutePaths(file, "/home/ops/.kube")) as {
      clusters: { cluster: Record<string, string> }[];
      users: { user: Record<string, string> }[];
    };
    expect(config.clusters[0]!.cluster["certificate-authority"]).toBe("/home/ops/.kube/ca.crt");
    expect(config.users[0]!.user).toMatchObject({ "client-certificate": "/home/ops/.kube/certs/ops.crt", "client-key": "/etc/ops.key" });
  });
});
