import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { resetSandbox, sandboxStatus, startSandbox, stopSandbox, type Sandbox } from "./index";
import { ensureTool } from "./tools";

const BUILD_MS = 30 * 60_000;
const SLOW_MS = 300_000;
const name = "unit";
const quiet = (): void => undefined;
const stateHome = process.env["XDG_STATE_HOME"];
const home = mkdtempSync(join(tmpdir(), "bear-sandbox-"));

let kubectlPath: string;
let sandbox: Sandbox;

const kubectl = (args: string[], input?: string): string =>
  execFileSync(kubectlPath, ["--kubeconfig", sandbox.kubeconfig, ...args], { encoding: "utf8", input, stdio: ["pipe", "pipe", "pipe"] });
const apply = (...objects: object[]): string => kubectl(["apply", "--filename", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
const read = (kind: string, objectName: string, path: string, namespace = "default"): string =>
  kubectl(["get", kind, objectName, "--namespace", namespace, "--output", `jsonpath={${path}}`]);
const crd = (group: string, version: string, kind: string, plural: string): object => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: "Namespaced",
    names: { kind, plural },
    versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } } }],
  },
});

async function until(what: string, check: () => boolean, within = 120_000): Promise<void> {
  for (const deadline = Date.now() + within; !check(); await sleep(200)) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${within / 1000} s`);
  }
}

/** Everything that runs from or in the folder of this test. */
const processes = (): string[] =>
  spawnSync("ps", ["-eo", "args"], { encoding: "utf8" })
    .stdout.split("\n")
    .filter((line) => line.includes(home));

/** Status code of an HTTPS request, or the error that ended it. */
const ask = (url: string, options: { ca: string; cert?: string; key?: string }): Promise<number | string> =>
  new Promise((resolve) => {
    const asked = request(url, options, (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    asked.on("error", (error) => resolve((error as NodeJS.ErrnoException).code ?? error.message));
    asked.end();
  });

const pem = (file: string): string => readFileSync(join(sandbox.dir, "pki", file), "utf8");

beforeAll(async () => {
  process.env["XDG_STATE_HOME"] = home;
  kubectlPath = await ensureTool("kubectl", quiet);
  sandbox = await startSandbox({ name, report: quiet });
}, BUILD_MS);

afterAll(async () => {
  await resetSandbox(name, quiet);
  if (stateHome === undefined) delete process.env["XDG_STATE_HOME"];
  else process.env["XDG_STATE_HOME"] = stateHome;
  rmSync(home, { recursive: true, force: true });
}, SLOW_MS);

describe("access", () => {
  it("keeps credentials to their owner", () => {
    const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
    expect(mode(sandbox.kubeconfig)).toBe("600");
    expect(mode(sandbox.dir)).toBe("700");
    const open = readdirSync(sandbox.dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && mode(join(entry.parentPath, entry.name)) !== "600")
      .map((entry) => entry.name);
    expect(open).toEqual([]);
  });

  it("admits by client certificate and holds no token", () => {
    const { users } = parse(readFileSync(sandbox.kubeconfig, "utf8")) as { users: { user: Record<string, string> }[] };
    expect(Object.keys(users[0]!.user).sort()).toEqual(["client-certificate-data", "client-key-data"]);
    expect(kubectl(["auth", "whoami", "--output", "jsonpath={.status.userInfo.groups}"])).toContain("system:masters");
  });

  it("refuses strangers", async () => {
    expect(await ask(`${sandbox.endpoint}/api`, { ca: pem("ca.crt") })).toBe(401);
    expect(await ask(`${sandbox.endpoint}/api`, { ca: pem("ca.crt"), cert: pem("admin.crt"), key: pem("admin.key") })).toBe(200);
  });

  it("keeps its database from those who may use the API", async () => {
    const { ports } = JSON.parse(readFileSync(join(sandbox.dir, "state.json"), "utf8")) as { ports: { etcdClient: number } };
    const url = `https://127.0.0.1:${ports.etcdClient}/version`;
    expect(await ask(url, { ca: pem("etcd-ca.crt"), cert: pem("etcd-client.crt"), key: pem("etcd-client.key") })).toBe(200);
    expect(await ask(url, { ca: pem("etcd-ca.crt") })).toMatch(/^E/);
    expect(await ask(url, { ca: pem("etcd-ca.crt"), cert: pem("admin.crt"), key: pem("admin.key") })).toMatch(/^E/);
  });
});

describe("finding it", () => {
  it("finds the running one, also when asked twice at once", async () => {
    const found = await Promise.all([startSandbox({ name, report: quiet }), startSandbox({ name, report: quiet })]);
    expect(found.map(({ pid, started }) => ({ pid, started }))).toEqual(Array(2).fill({ pid: sandbox.pid, started: false }));
  });

  it("names its processes", async () => {
    const status = await sandboxStatus(name);
    expect(status).toMatchObject({ running: true, endpoint: sandbox.endpoint, version: sandbox.version, pid: sandbox.pid });
    expect(status.processes.map((p) => p.name)).toEqual(["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"]);
  });

  it("refuses a name that leads out of its folder", async () => {
    await expect(resetSandbox("../unit", quiet)).rejects.toThrow('"../unit" is no name for a sandbox');
  });
});

describe("what runs in it", () => {
  const container = { name: "main", image: "example.com/none:1" };

  it("reports the version it was built from", () => {
    expect(sandbox.version).toMatch(/^v1\.36\.\d+$/);
  });

  it(
    "runs Deployments and completes Jobs",
    async () => {
      const template = { metadata: { labels: { app: "web" } }, spec: { containers: [container], initContainers: [{ ...container, name: "first" }] } };
      apply(
        { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec: { replicas: 3, selector: { matchLabels: { app: "web" } }, template } },
        { apiVersion: "batch/v1", kind: "Job", metadata: { name: "once" }, spec: { template: { spec: { restartPolicy: "Never", containers: [container] } } } },
      );
      kubectl(["wait", "deployment/web", "--for=condition=Available", "--timeout=120s"]);
      kubectl(["wait", "job/once", "--for=condition=Complete", "--timeout=120s"]);
      expect(read("deployment", "web", ".status.readyReplicas")).toBe("3");
      const addresses = kubectl(["get", "pods", "--selector", "app=web", "--output", "jsonpath={.items[*].status.podIP}"]).split(" ");
      expect(new Set(addresses).size).toBe(3);
      expect(kubectl(["logs", "deployment/web"])).toContain("simulated");
    },
    SLOW_MS,
  );

  it(
    "gives each LoadBalancer an address of its own and takes it back",
    async () => {
      const service = (index: number, type: string): object => ({
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: `lb-${index}` },
        spec: { type, ports: [{ port: 80 }] },
      });
      const address = (index: number): string => read("service", `lb-${index}`, ".status.loadBalancer.ingress[0].ip");
      apply(...[0, 1, 2].map((index) => service(index, "LoadBalancer")));
      await until("three addresses", () => [0, 1, 2].every((index) => address(index) !== ""));
      expect(new Set([0, 1, 2].map(address)).size).toBe(3);
      apply(service(0, "ClusterIP"));
      await until("the address to go", () => address(0) === "");
    },
    SLOW_MS,
  );

  it(
    "binds claims of the default and of any other class, and deletes their volumes",
    async () => {
      const claim = (objectName: string, spec: object): object => ({
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: objectName },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "2Gi" } }, ...spec },
      });
      apply(claim("data", {}), claim("other", { storageClassName: "longhorn" }));
      for (const objectName of ["data", "other"]) await until("a bound claim", () => read("pvc", objectName, ".status.phase") === "Bound");
      expect(read("pvc", "data", ".spec.storageClassName")).toBe("standard");
      expect(read("pvc", "data", ".status.capacity.storage")).toBe("2Gi");
      const volume = read("pvc", "data", ".spec.volumeName");
      kubectl(["delete", "pvc", "data", "--timeout=120s"]);
      await until("the volume to go", () => kubectl(["get", "pv", "--output", "name"]).includes(volume) === false);
    },
    SLOW_MS,
  );

  it("enforces Pod Security", async () => {
    apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "strict", labels: { "pod-security.kubernetes.io/enforce": "restricted" } } });
    // Without it a pod is refused for another reason.
    await until("a service account", () => kubectl(["get", "serviceaccounts", "--namespace", "strict", "--output", "name"]) !== "");
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "root", namespace: "strict" }, spec: { containers: [container] } };
    expect(() => apply(pod)).toThrow(/violates PodSecurity/);
  });

  it(
    "issues Certificates that parse, for the names asked for",
    async () => {
      apply(crd("cert-manager.io", "v1", "Certificate", "certificates"));
      kubectl(["wait", "crd/certificates.cert-manager.io", "--for=condition=Established", "--timeout=120s"]);
      apply({
        apiVersion: "cert-manager.io/v1",
        kind: "Certificate",
        metadata: { name: "site", namespace: "default" },
        spec: { secretName: "site-tls", dnsNames: ["site.example.com"] },
      });
      kubectl(["wait", "certificate/site", "--for=condition=Ready", "--timeout=120s"]);
      expect(read("secret", "site-tls", ".type")).toBe("kubernetes.io/tls");
      const { X509Certificate, createPrivateKey } = await import("node:crypto");
      const decoded = (key: string): string => Buffer.from(read("secret", "site-tls", `.data.tls\\.${key}`), "base64").toString();
      const certificate = new X509Certificate(decoded("crt"));
      expect(certificate.checkHost("site.example.com")).toBe("site.example.com");
      expect(certificate.checkPrivateKey(createPrivateKey(decoded("key")))).toBe(true);
    },
    SLOW_MS,
  );

  it(
    "serves custom resources that convert by webhook",
    async () => {
      const both = crd("example.com", "v1", "Thing", "things") as { spec: { versions: object[] } };
      const conversion = {
        strategy: "Webhook",
        webhook: { conversionReviewVersions: ["v1"], clientConfig: { service: { name: "hook", namespace: "default", path: "/convert" } } },
      };
      const versions = [both.spec.versions[0], { ...both.spec.versions[0], name: "v1beta1", storage: false }];
      apply(
        { ...both, spec: { ...both.spec, conversion, versions } },
        { apiVersion: "v1", kind: "Service", metadata: { name: "hook" }, spec: { ports: [{ port: 443 }] } },
      );
      kubectl(["wait", "crd/things.example.com", "--for=condition=Established", "--timeout=120s"]);
      const thing = { apiVersion: "example.com/v1beta1", kind: "Thing", metadata: { name: "one" }, spec: { size: 7 } };
      await until("a converted object", () => {
        try {
          return apply(thing).includes("thing.example.com/one");
        } catch {
          return false; // the API server has not read the authority of the stand-in yet
        }
      });
      expect(read("things.v1.example.com", "one", ".spec.size")).toBe("7");
    },
    SLOW_MS,
  );

  it(
    "deletes namespaces while a simulated pod is said to serve an API",
    async () => {
      const pod = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "metrics", namespace: "kube-system", labels: { app: "metrics" } },
        spec: { containers: [container] },
      };
      apply(
        pod,
        {
          apiVersion: "v1",
          kind: "Service",
          metadata: { name: "metrics", namespace: "kube-system" },
          spec: { ports: [{ port: 443 }], selector: { app: "metrics" } },
        },
        {
          apiVersion: "apiregistration.k8s.io/v1",
          kind: "APIService",
          metadata: { name: "v1beta1.metrics.k8s.io" },
          // An authority that signed nothing, as a chart may bring: the stand-in has to take its place.
          spec: {
            group: "metrics.k8s.io",
            version: "v1beta1",
            groupPriorityMinimum: 100,
            versionPriority: 100,
            caBundle: Buffer.from(pem("etcd-ca.crt")).toString("base64"),
            service: { name: "metrics", namespace: "kube-system" },
          },
        },
        { apiVersion: "v1", kind: "Namespace", metadata: { name: "short" } },
        { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "content", namespace: "short" } },
      );
      kubectl(["wait", "apiservice/v1beta1.metrics.k8s.io", "--for=condition=Available", "--timeout=120s"]);
      kubectl(["delete", "namespace", "short", "--timeout=120s"]);
      expect(kubectl(["get", "namespaces", "--output", "name"])).not.toContain("namespace/short");
    },
    SLOW_MS,
  );
});

describe("its end", () => {
  it(
    "leaves nothing behind when its supervisor is killed, and goes on with its data",
    async () => {
      const before = await sandboxStatus(name);
      process.kill(sandbox.pid, "SIGKILL");
      await until("everything to end with it", () => processes().length === 0);
      expect((await sandboxStatus(name)).running).toBe(false);
      const again = await startSandbox({ name, report: quiet });
      expect(again).toMatchObject({ started: true, endpoint: before.endpoint });
      expect(again.pid).not.toBe(sandbox.pid);
      sandbox = again;
      expect(read("deployment", "web", ".spec.replicas")).toBe("3");
      kubectl(["run", "later", "--image", "example.com/none:1"]);
      kubectl(["wait", "pod/later", "--for=condition=Ready", "--timeout=120s"]);
    },
    SLOW_MS,
  );

  it(
    "shuts down as a whole and tells why when one of its programs dies",
    async () => {
      const { processes: children } = await sandboxStatus(name);
      process.kill(children.find((child) => child.name === "kube-scheduler")!.pid, "SIGKILL");
      await until("everything to end", () => processes().length === 0);
      expect((await sandboxStatus(name)).lastFailure).toMatch(/^kube-scheduler ended by itself \(signal: killed\)/);
    },
    SLOW_MS,
  );

  it(
    "stops without a trace and says whether there was anything to stop",
    async () => {
      sandbox = await startSandbox({ name, report: quiet });
      expect(read("deployment", "web", ".spec.replicas")).toBe("3");
      expect(await stopSandbox(name, quiet)).toBe(true);
      expect(processes()).toEqual([]);
      expect(await stopSandbox(name, quiet)).toBe(false);
      const status = await sandboxStatus(name);
      expect(status).toMatchObject({ running: false, processes: [] });
      expect(status.lastFailure).toBeUndefined();
    },
    SLOW_MS,
  );

  it(
    "starts empty when asked to",
    async () => {
      sandbox = await startSandbox({ name, fresh: true, report: quiet });
      expect(kubectl(["get", "deployments", "--output", "name"])).toBe("");
    },
    SLOW_MS,
  );
});
