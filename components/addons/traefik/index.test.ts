import { describe, expect, it } from "vitest";
import { findings, one, platformStack, recordPlatform, resolvedAddon, valuesIn } from "../../../tests/platforms";
import type { Outline } from "../../core/lock";
import { shapeTraefik } from "./shape";

const on = (config: Record<string, unknown> = {}, rest: Record<string, unknown> = {}) => ({ ingress: { traefik: config }, ...rest });

describe("traefik settings", () => {
  it("refuses what is no number of pods", () => {
    expect(findings(on({ replicas: 0 })).join()).toContain("platform.ingress.traefik.replicas");
  });

  it("pulls in the Gateway API only when it is served", () => {
    expect(platformStack(on()).resolved!.addons.map(({ name }) => name)).toEqual(["gateway-api", "traefik"]);
    expect(platformStack(on({ gatewayApi: false })).resolved!.addons.map(({ name }) => name)).toEqual(["traefik"]);
  });
});

describe("traefik values", () => {
  it("is one pod behind a load balancer by default", () => {
    const values = valuesIn(on(), "traefik");
    expect(values).toMatchObject({
      deployment: { replicas: 1 },
      service: { spec: { type: "LoadBalancer" } },
      ingressClass: { isDefaultClass: true },
      gateway: { enabled: true, listeners: { web: { port: 8000 } } },
      ports: { web: { http: { redirections: { entryPoint: { to: "websecure" } } } } },
      api: { dashboard: false },
    });
    expect(values).not.toHaveProperty("podDisruptionBudget");
  });

  it("spreads two pods in the ha profile, guarded by a budget", () => {
    expect(valuesIn(on({}, { profile: "ha" }), "traefik")).toMatchObject({
      deployment: { replicas: 2 },
      podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
      topologySpreadConstraints: [{ whenUnsatisfiable: "ScheduleAnyway" }],
    });
  });

  it("takes ports 80 and 443 of every node with hostport", () => {
    const values = valuesIn(on({}, { exposure: "hostport" }), "traefik");
    expect(values).toMatchObject({
      deployment: { kind: "DaemonSet" },
      updateStrategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      ports: { web: { hostPort: 80 }, websecure: { hostPort: 443 } },
      service: { spec: { type: "ClusterIP" } },
      providers: { kubernetesIngress: { publishedService: { enabled: false } }, kubernetesGateway: { statusAddress: { service: { enabled: false } } } },
    });
    expect(values.deployment).not.toHaveProperty("replicas");
  });

  it("has an HTTPS listener for the domain where certificates are on", () => {
    expect(valuesIn(on({}, { certificates: "cert-manager" }), "traefik")).toMatchObject({
      gateway: { listeners: { websecure: { hostname: "*.dev.example.com", protocol: "HTTPS", certificateRefs: [{ name: "traefik-gateway-tls" }] } } },
    });
    expect((valuesIn(on(), "traefik").gateway as { listeners: object }).listeners).not.toHaveProperty("websecure");
  });

  it("takes images from the mirror, with the pull secrets", () => {
    expect(valuesIn(on({}, { imageMirror: "mirror.example.com", pullSecrets: ["pull"] }), "traefik")).toMatchObject({
      image: { registry: "mirror.example.com" },
      deployment: { imagePullSecrets: [{ name: "pull" }] },
    });
  });

  it("passes on resources and placement, and the user's values last", () => {
    const config = {
      resources: { limits: { memory: "1Gi" } },
      placement: { nodeSelector: { edge: "yes" }, tolerations: [{ key: "edge" }], priorityClassName: "high" },
      values: { log: { level: "DEBUG" } },
    };
    expect(valuesIn(on(config), "traefik")).toMatchObject({
      resources: { limits: { memory: "1Gi" } },
      nodeSelector: { edge: "yes" },
      tolerations: [{ key: "edge" }],
      priorityClassName: "high",
      log: { level: "DEBUG", format: "json" },
    });
  });
});

describe("traefik wiring", () => {
  it("admits visitors on the container's ports and needs a privileged namespace only for host ports", () => {
    const plain = resolvedAddon(platformStack(on()), "traefik").contributions;
    expect(plain.flows).toEqual([{ from: ["outside"], ports: [8000, 8443], why: "visitors" }]);
    expect(plain.namespaces).toMatchObject([{ name: "traefik", podSecurity: "restricted" }]);
    expect(resolvedAddon(platformStack(on({}, { exposure: "hostport" })), "traefik").contributions.namespaces).toMatchObject([{ podSecurity: "privileged" }]);
  });

  it("puts its dashboard behind generated basic auth, on a Service of its own", async () => {
    expect(valuesIn(on({ dashboard: true }), "traefik")).toMatchObject({
      api: { insecure: true },
      service: { additionalServices: { api: {} } },
      ports: { traefik: { expose: { default: false, api: true } } },
    });
    const resources = await recordPlatform(on({ dashboard: true }));
    expect(one(resources, "Middleware", "traefik-basic-auth").inputs.spec).toEqual({ basicAuth: { secret: "traefik-basic-auth", removeHeader: true } });
    expect(one(resources, "Ingress", "traefik-page").inputs.metadata.annotations).toEqual({
      "pulumi.com/skipAwait": "true",
      "traefik.ingress.kubernetes.io/router.middlewares": "traefik-traefik-basic-auth@kubernetescrd",
    });
  });

  it("has its Gateway's certificate made by an issuer that signs wildcards, and only by such", async () => {
    const resources = await recordPlatform(on({}, { certificates: "cert-manager" }));
    const certificate = one(resources, "Certificate", "traefik-gateway-certificate");
    expect(certificate.inputs).toMatchObject({
      metadata: { namespace: "traefik" },
      spec: { dnsNames: ["*.dev.example.com"], secretName: "traefik-gateway-tls", issuerRef: { name: "bearstack" } },
    });
    const http01 = await recordPlatform(on({}, { certificates: { "cert-manager": { acme: { email: "ops@example.com", http01: {} } } } }));
    expect(http01.filter(({ inputs }) => inputs.kind === "Certificate")).toEqual([]);
  });

  it("installs its CRDs as a release of their own, before itself", async () => {
    const resources = await recordPlatform(on());
    expect(one(resources, "Release", "traefik-crds").inputs).toMatchObject({ namespace: "traefik", skipCrds: false });
    expect(one(resources, "Release", "traefik")).toMatchObject({
      inputs: { skipCrds: true, atomic: true },
      dependsOn: expect.arrayContaining(["traefik-crds", "gateway-api-crds"]),
    });
  });
});

describe("traefik's outline", () => {
  const outline: Outline = [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      name: "traefik",
      namespace: "@",
      replicas: 1,
      podSecurity: "restricted",
      containers: [
        {
          name: "traefik",
          image: "docker.io/traefik:v3",
          ports: [
            { name: "web", port: 8000 },
            { name: "metrics", port: 9100 },
          ],
        },
      ],
    },
    {
      apiVersion: "v1",
      kind: "Service",
      name: "traefik",
      namespace: "@",
      type: "LoadBalancer",
      ports: [{ name: "web", port: 80, targetPort: "web" }],
      selector: { app: "traefik" },
    },
    { apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", name: "traefik-gateway", namespace: "@" },
  ];
  const shaped = (platform: Record<string, unknown>) => {
    const { config, scope } = resolvedAddon(platformStack(platform), "traefik");
    return shapeTraefik(outline, config, scope);
  };

  it("follows replicas, dashboard and Gateway API", () => {
    const objects = shaped(on({ replicas: 3, dashboard: true, gatewayApi: false }));
    expect(objects.map(({ kind, name }) => `${kind}/${name}`)).toEqual(["Deployment/traefik", "Service/traefik", "Service/traefik-api"]);
    expect(objects[0]).toMatchObject({ replicas: 3 });
  });

  it("becomes a DaemonSet with host ports", () => {
    const [workload, service] = shaped(on({}, { exposure: "hostport" }));
    expect(workload).toMatchObject({ kind: "DaemonSet", podSecurity: "privileged", containers: [{ ports: [{ port: 8000, hostPort: 80 }, { port: 9100 }] }] });
    expect(workload).not.toHaveProperty("replicas");
    expect(service).toMatchObject({ type: "ClusterIP" });
  });
});
