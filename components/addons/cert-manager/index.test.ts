import { describe, expect, it } from "vitest";
import { CANARY, findings, one, platformStack, recordPlatform, resolvedAddon, secure, valuesIn } from "../../../tests/platforms";
import { flowsInto } from "../../security/network-policies";

const PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const on = (config: object = {}, rest: object = {}) => ({ certificates: { "cert-manager": config }, ...rest });
const acme = (more: object): object => ({ acme: { email: "ops@example.com", ...more } });
const http01 = acme({ http01: {} });

describe("cert-manager settings", () => {
  it.each([
    [{ acme: {}, selfSigned: {} }, "acme.email"],
    [{ ca: {}, selfSigned: {} }, "names ca and selfSigned as issuer"],
    [acme({ http01: {}, dns01: { cloudflare: { apiToken: secure } } }), "names two kinds of proof"],
    [acme({ dns01: {} }), "names no DNS provider"],
    [acme({ dns01: { cloudflare: { apiToken: secure }, digitalocean: { token: secure } } }), "names cloudflare and digitalocean DNS provider"],
    [acme({ dns01: { route53: { region: "eu-west-1", accessKeyId: "AKIA" } } }), "has one half of an access key"],
    [{ acme: { email: "nobody", http01: {} } }, "is no e-mail address"],
    [acme({ http01: {}, staging: true, server: "https://acme.example.com/directory" }), "is about Let's Encrypt, but another server is named"],
    [{ ca: { certificate: PEM } }, "has a certificate or a private key, but not both"],
    [{ ca: { certificate: "nonsense", privateKey: secure } }, "is no PEM certificate"],
  ])("refuses %j", (config, problem) => {
    expect(findings(on(config, { ingress: "traefik" })).join("\n")).toContain(problem);
  });

  it("refuses a token in clear", () => {
    expect(findings(on(acme({ dns01: { cloudflare: { apiToken: "in-clear" } } }))).join()).toContain("acme.dns01.cloudflare.apiToken");
  });

  it("proves by http01 unless told otherwise", () => {
    const config = (acmeConfig: object) => resolvedAddon(platformStack(on(acme(acmeConfig), { ingress: "traefik" })), "cert-manager").config.acme;
    expect(config({})).toEqual(config({ http01: {} }));
    expect(config({ dns01: { cloudflare: { apiToken: secure } } })).not.toHaveProperty("http01");
  });

  it("asks for an ingress where the proof goes through one, and stands behind it", () => {
    expect(findings(on(http01)).join()).toContain("ingress");
    const stack = platformStack(on(http01, { ingress: "traefik" }));
    expect(resolvedAddon(stack, "cert-manager").dependsOn).toContain("traefik");
    expect(resolvedAddon(platformStack(on({}, { ingress: "traefik" })), "cert-manager").dependsOn).not.toContain("traefik");
  });
});

describe("cert-manager values", () => {
  it("keeps to its own namespace and brings its CRDs", () => {
    expect(valuesIn(on({ namespace: "pki" }), "cert-manager")).toMatchObject({
      crds: { enabled: true, keep: true },
      global: { leaderElection: { namespace: "pki" } },
      replicaCount: 1,
      podDisruptionBudget: { enabled: false },
      prometheus: { servicemonitor: { enabled: false } },
    });
  });

  it("has two, three and two pods in the ha profile, each guarded by a budget", () => {
    expect(valuesIn(on({}, { profile: "ha" }), "cert-manager")).toMatchObject({
      replicaCount: 2,
      podDisruptionBudget: { enabled: true },
      webhook: {
        replicaCount: 3,
        podDisruptionBudget: { enabled: true },
        topologySpreadConstraints: [{ labelSelector: { matchLabels: { "app.kubernetes.io/component": "webhook" } } }],
      },
      cainjector: { replicaCount: 2, podDisruptionBudget: { enabled: true } },
    });
  });

  it("serves the Gateway API where it is there", () => {
    expect(valuesIn(on({}, { ingress: "traefik" }), "cert-manager").config).toEqual({ gatewayAPI: { enabled: true } });
    expect(valuesIn(on(), "cert-manager")).not.toHaveProperty("config");
  });

  it("places every part, and takes images from the mirror", () => {
    const placement = { nodeSelector: { pool: "infra" }, tolerations: [{ key: "infra" }], priorityClassName: "high" };
    const part = { nodeSelector: { pool: "infra" }, tolerations: [{ key: "infra" }] };
    expect(
      valuesIn(on({ placement, resources: { requests: { cpu: "1" } } }, { imageMirror: "mirror.example.com", pullSecrets: ["pull"] }), "cert-manager"),
    ).toMatchObject({
      ...part,
      webhook: part,
      cainjector: part,
      startupapicheck: part,
      global: { priorityClassName: "high", imagePullSecrets: [{ name: "pull" }] },
      imageRegistry: "mirror.example.com",
      resources: { requests: { cpu: "1" } },
    });
  });
});

describe("cert-manager's issuer", () => {
  const issuer = async (platform: Record<string, unknown>) => one(await recordPlatform(platform), "ClusterIssuer", "bearstack");

  it("is by default an authority made in the cluster, step by step, each awaited", async () => {
    const resources = await recordPlatform(on());
    const bootstrap = one(resources, "Issuer", "bearstack-ca-bootstrap");
    const certificate = one(resources, "Certificate", "bearstack-ca");
    const last = one(resources, "ClusterIssuer", "bearstack");
    expect(bootstrap).toMatchObject({
      inputs: { spec: { selfSigned: {} }, metadata: { namespace: "cert-manager" } },
      dependsOn: expect.arrayContaining(["cert-manager"]),
    });
    expect(certificate).toMatchObject({
      inputs: {
        spec: {
          isCA: true,
          secretName: "bearstack-ca",
          privateKey: { rotationPolicy: "Never" },
          issuerRef: { kind: "Issuer", name: "bearstack-ca-bootstrap" },
        },
        metadata: { namespace: "cert-manager" },
      },
      dependsOn: expect.arrayContaining(["bearstack-ca-bootstrap"]),
    });
    expect(last).toMatchObject({
      inputs: { spec: { ca: { secretName: "bearstack-ca" } } },
      dependsOn: expect.arrayContaining(["bearstack-ca", "cert-manager"]),
    });
    for (const resource of [bootstrap, certificate, last]) expect(resource.inputs.metadata.annotations).toEqual({ "pulumi.com/waitFor": "condition=Ready" });
    expect(last.inputs.metadata).not.toHaveProperty("namespace");
  });

  it("signs with the authority given, its key in a Secret", async () => {
    const resources = await recordPlatform(on({ ca: { certificate: PEM, privateKey: secure } }));
    expect(one(resources, "Secret", "bearstack-ca").inputs).toMatchObject({
      type: "kubernetes.io/tls",
      metadata: { namespace: "cert-manager" },
      stringData: "[secret]",
    });
    expect(one(resources, "ClusterIssuer", "bearstack").dependsOn).toContain("bearstack-ca");
    expect(resources.filter(({ inputs }) => inputs.kind === "Certificate")).toEqual([]);
  });

  it("signs each certificate by itself when asked to, with a warning", async () => {
    expect((await issuer(on({ selfSigned: {} }))).inputs.spec).toEqual({ selfSigned: {} });
    expect(platformStack(on({ selfSigned: {} })).warnings.join()).toContain("browsers warn on every page");
  });

  it("proves names through the ingress controller, without a port on the nodes", async () => {
    expect((await issuer(on(http01, { ingress: "traefik" }))).inputs.spec.acme).toEqual({
      email: "ops@example.com",
      server: "https://acme-v02.api.letsencrypt.org/directory",
      privateKeySecretRef: { name: "bearstack-acme-account" },
      solvers: [{ http01: { ingress: { serviceType: "ClusterIP", ingressClassName: "traefik" } } }],
    });
    const staging = acme({ staging: true, http01: { gateway: { name: "web", namespace: "edge" } } });
    expect((await issuer(on(staging, { ingress: "traefik" }))).inputs.spec.acme).toMatchObject({
      server: "https://acme-staging-v02.api.letsencrypt.org/directory",
      solvers: [{ http01: { gatewayHTTPRoute: { parentRefs: [{ kind: "Gateway", name: "web", namespace: "edge" }] } } }],
    });
  });

  it.each([
    [{ cloudflare: { apiToken: secure } }, { cloudflare: { apiTokenSecretRef: { name: "bearstack-dns01", key: "credential" } } }],
    [
      { route53: { region: "eu-west-1", hostedZoneId: "Z1", accessKeyId: "AKIA", secretAccessKey: secure } },
      { route53: { region: "eu-west-1", hostedZoneID: "Z1", accessKeyID: "AKIA", secretAccessKeySecretRef: { name: "bearstack-dns01", key: "credential" } } },
    ],
    [
      { cloudDNS: { project: "acme", serviceAccount: secure } },
      { cloudDNS: { project: "acme", serviceAccountSecretRef: { name: "bearstack-dns01", key: "credential" } } },
    ],
    [{ digitalocean: { token: secure } }, { digitalocean: { tokenSecretRef: { name: "bearstack-dns01", key: "credential" } } }],
    [
      { azureDNS: { subscriptionID: "s", resourceGroupName: "g", hostedZoneName: "example.com", tenantID: "t", clientID: "c", clientSecret: secure } },
      {
        azureDNS: {
          subscriptionID: "s",
          resourceGroupName: "g",
          hostedZoneName: "example.com",
          tenantID: "t",
          clientID: "c",
          clientSecretSecretRef: { name: "bearstack-dns01", key: "credential" },
        },
      },
    ],
    [
      { rfc2136: { nameserver: "192.0.2.1:53", tsigKeyName: "bear", tsigSecret: secure } },
      {
        rfc2136: {
          nameserver: "192.0.2.1:53",
          tsigKeyName: "bear",
          tsigAlgorithm: "HMACSHA256",
          tsigSecretSecretRef: { name: "bearstack-dns01", key: "credential" },
        },
      },
    ],
  ])("proves names by DNS with %j, the credential in a Secret alone", async (dns01, solver) => {
    const resources = await recordPlatform(on(acme({ dns01 })));
    const made = one(resources, "ClusterIssuer", "bearstack");
    expect(made.inputs.spec.acme.solvers).toEqual([{ dns01: solver }]);
    expect(made.dependsOn).toContain("bearstack-dns01");
    expect(one(resources, "Secret", "bearstack-dns01").inputs.metadata.namespace).toBe("cert-manager");
    expect(JSON.stringify(resources)).not.toContain(CANARY);
  });

  it("needs no Secret where the pod has an identity of its own", async () => {
    const resources = await recordPlatform(on(acme({ dns01: { route53: { region: "eu-west-1", role: "arn:aws:iam::1:role/dns" } } })));
    expect(one(resources, "ClusterIssuer", "bearstack").inputs.spec.acme.solvers).toEqual([
      { dns01: { route53: { region: "eu-west-1", role: "arn:aws:iam::1:role/dns" } } },
    ]);
    expect(resources.filter(({ type }) => type.endsWith(":Secret"))).toEqual([]);
  });

  it("binds an account of the authority's", async () => {
    const resources = await recordPlatform(
      on(acme({ server: "https://acme.example.com/directory", externalAccount: { keyId: "id", key: secure }, dns01: { digitalocean: { token: secure } } })),
    );
    expect(one(resources, "ClusterIssuer", "bearstack").inputs.spec.acme).toMatchObject({
      server: "https://acme.example.com/directory",
      externalAccountBinding: { keyID: "id", keySecretRef: { name: "bearstack-acme-external-account", key: "key" } },
    });
  });
});

describe("cert-manager wiring", () => {
  it("gives every page a certificate, after the issuer is ready", async () => {
    const resources = await recordPlatform(on({}, { ingress: { traefik: { dashboard: true } } }));
    const page = one(resources, "Ingress", "traefik-page");
    expect(page.inputs).toMatchObject({
      metadata: { annotations: { "cert-manager.io/cluster-issuer": "bearstack" } },
      spec: { tls: [{ hosts: ["traefik.dev.example.com"], secretName: "traefik-tls" }] },
    });
    expect(page.dependsOn).toContain("bearstack");
  });

  it("lets the API server call the webhook, and the ingress controller the proofs beside every page", () => {
    const stack = platformStack(on(http01, { ingress: "traefik" }));
    expect(flowsInto("cert-manager", stack.resolved!)).toEqual(expect.arrayContaining([expect.objectContaining({ from: ["host"], ports: [10250] })]));
    for (const namespace of ["traefik", "cert-manager"])
      expect(flowsInto(namespace, stack.resolved!)).toEqual(expect.arrayContaining([expect.objectContaining({ from: ["ingress"], ports: [8089] })]));
    expect(flowsInto("traefik", platformStack(on({}, { ingress: "traefik" })).resolved!).filter(({ ports }) => ports.includes(8089))).toEqual([]);
  });
});
