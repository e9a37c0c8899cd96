import { describe, expect, it } from "vitest";
import { CANARY, findings, one, platformStack, recordPlatform, resolvedAddon, secure, valuesIn } from "../../../tests/platforms";

const key = { certificate: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", privateKey: secure };
const on = (config: object = {}, rest: object = {}) => ({ secrets: { "sealed-secrets": config }, ...rest });

describe("sealed-secrets settings", () => {
  it.each([
    [{ key: { certificate: key.certificate } }, "key.privateKey"],
    [{ key: { ...key, privateKey: "in-clear" } }, "key.privateKey"],
    [{ key: { ...key, certificate: "nonsense" } }, "is no PEM certificate"],
    [{ renewEvery: "30d" }, "is no duration the controller reads"],
  ])("refuses %j", (config, problem) => {
    expect(findings(on(config)).join()).toContain(problem);
  });
});

describe("sealed-secrets values", () => {
  it("has the name kubeseal looks for", () => {
    const values = valuesIn(on(), "sealed-secrets");
    expect(values).toMatchObject({ fullnameOverride: "sealed-secrets-controller" });
    expect(values).not.toHaveProperty("keyrenewperiod");
  });

  it("makes no keys of its own beside one that is given, unless told to", () => {
    expect(valuesIn(on({ key }), "sealed-secrets")).toMatchObject({ keyrenewperiod: "0" });
    expect(valuesIn(on({ key, renewEvery: "720h" }), "sealed-secrets")).toMatchObject({ keyrenewperiod: "720h" });
  });

  it("takes images from the mirror, and resources and placement", () => {
    const config = { resources: { limits: { memory: "1Gi" } }, placement: { nodeSelector: { pool: "infra" }, priorityClassName: "high" } };
    expect(valuesIn(on(config, { imageMirror: "mirror.example.com", pullSecrets: ["pull"] }), "sealed-secrets")).toMatchObject({
      image: { registry: "mirror.example.com", pullSecrets: ["pull"] },
      resources: { limits: { memory: "1Gi" } },
      nodeSelector: { pool: "infra" },
      priorityClassName: "high",
    });
  });
});

describe("sealed-secrets resources", () => {
  it("puts the given key in place before the controller starts, and shows it nowhere", async () => {
    const resources = await recordPlatform(on({ key }));
    const secret = one(resources, "Secret", "sealed-secrets-own-key");
    expect(secret.inputs).toMatchObject({
      type: "kubernetes.io/tls",
      metadata: { namespace: "sealed-secrets", labels: { "sealedsecrets.bitnami.com/sealed-secrets-key": "active" } },
      stringData: "[secret]",
    });
    expect(one(resources, "Release", "sealed-secrets").dependsOn).toContain("sealed-secrets-own-key");
    expect(JSON.stringify(resources)).not.toContain(CANARY);
  });

  it("makes no Secret otherwise", async () => {
    const resources = await recordPlatform(on());
    expect(resources.filter(({ type }) => type.endsWith(":Secret"))).toEqual([]);
  });

  it("lets kubeseal through, which comes by way of the API server", () => {
    expect(resolvedAddon(platformStack(on()), "sealed-secrets").contributions.flows).toMatchObject([{ from: ["host"], ports: [8080] }]);
  });
});
