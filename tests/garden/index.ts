// A stand-in for the API server of a Gardener, since a CRD cannot serve sub-resources such as adminkubeconfig.
//
// It keeps: Shoots are objects of a real API server (a sandbox), with generation and a status of their own; who asks is known by
// token or client certificate, else 401; the role for credentials, else 403; the answers of adminkubeconfig as in Gardener's
// pkg/apiserver/registry/core/shoot/storage/kubeconfig.go: kind and version of the request, ten minutes at least, a limit above which it is
// cut, 422 without an advertised address, a context per address and the public one first, the time when it ends; a Shoot is deleted only
// with its confirmation (a ValidatingAdmissionPolicy of the real API server).
//
// It does not prove: that Gardener accepts the spec of a Shoot (its fields are open here); anything of cloud profiles, quotas, roles and
// defaults; that a Shoot comes up (tests write its status); client certificates in what it hands out: it gives tokens of a service
// account of the sandbox, which is garden and Shoot in one; real times.
import { createServer, request as httpsRequest, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { Kube, KubeError } from "../../sandbox/runner/kube";
import { makeCa, makeCert, type Pair } from "./pki";

export const SHOOTS = "/apis/core.gardener.cloud/v1beta1/namespaces";

export interface GardenFaults {
  /** Requests that are answered 503 before it works. */
  broken: number;
  /** The longest a credential is good. */
  maxSeconds: number;
  /** Credentials that have run out when they come. */
  expired: boolean;
  /** Users who may not have credentials. */
  viewers: string[];
  /** How often each login is good; for logins that run out. */
  goodFor: number;
}

const NO_FAULTS: GardenFaults = { broken: 0, maxSeconds: 86_400, expired: false, viewers: [], goodFor: Infinity };

export class Garden {
  faults: GardenFaults = { ...NO_FAULTS };
  /** What was asked for and who asked, as `METHOD path user`. */
  readonly asked: string[] = [];
  /** Users by token. */
  readonly tokens = new Map<string, string>();
  readonly #used = new Map<string, number>();

  private constructor(
    readonly kube: Kube,
    private readonly sandbox: any,
    readonly ca: Pair,
    private readonly server: Server,
  ) {}

  static async start(kubeconfig: string): Promise<Garden> {
    const text = readFileSync(kubeconfig, "utf8");
    const kube = new Kube(text, kubeconfig);
    await prepare(kube);
    const ca = makeCa("garden");
    const server = createServer({ ...makeCert(ca, "garden", "server"), ca: ca.cert, requestCert: true, rejectUnauthorized: false });
    const garden = new Garden(kube, parse(text), ca, server);
    server.on("request", (request, response) => void garden.#serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return garden;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    this.kube.close();
  }

  reset(): void {
    this.faults = { ...NO_FAULTS };
    this.asked.length = 0;
    this.#used.clear();
  }

  get url(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  client(name: string): Pair {
    return makeCert(this.ca, name, "client");
  }

  /** A kubeconfig for it, as a person would have it. */
  kubeconfig(user: object, cluster: object = {}): string {
    const login = { server: this.url, "certificate-authority-data": Buffer.from(this.ca.cert).toString("base64"), ...cluster };
    return stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "garden",
      clusters: [{ name: "garden", cluster: login }],
      contexts: [{ name: "garden", context: { cluster: "garden", user: "me" } }],
      users: [{ name: "me", user }],
    });
  }

  /** Writes the status of a Shoot, as Gardener's controllers do. */
  async status(namespace: string, name: string, status: object): Promise<void> {
    await this.kube.request(`${SHOOTS}/${namespace}/shoots/${name}/status`, {
      method: "PATCH",
      contentType: "application/merge-patch+json",
      body: { status },
    });
  }

  #userOf(request: IncomingMessage): string | undefined {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    const socket = request.socket as TLSSocket;
    const user = token !== undefined ? this.tokens.get(token) : socket.authorized ? String(socket.getPeerCertificate().subject.CN) : undefined;
    if (user === undefined || token === undefined) return user;
    const used = (this.#used.get(token) ?? 0) + 1;
    this.#used.set(token, used);
    return used > this.faults.goodFor ? undefined : user;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url!;
    const user = this.#userOf(request);
    this.asked.push(`${request.method} ${path} ${user ?? "nobody"}`);
    const answer = (code: number, body: unknown): void => {
      response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    const refuse = (code: number, reason: string, message = ""): void => answer(code, { kind: "Status", status: "Failure", reason, message, code });
    try {
      if (this.faults.broken > 0) {
        this.faults.broken -= 1;
        return refuse(503, "ServiceUnavailable");
      }
      if (user === undefined) return refuse(401, "Unauthorized", "Unauthorized");
      const asks = /^(.*\/shoots\/[^/]+)\/adminkubeconfig$/.exec(path);
      if (request.method !== "POST" || !asks) return this.#pass(request, Buffer.concat(chunks), response);
      if (this.faults.viewers.includes(user)) return refuse(403, "Forbidden", `shoots/adminkubeconfig is forbidden: User "${user}" cannot create resource`);
      const body = JSON.parse(Buffer.concat(chunks).toString("utf8"));
      if (body.apiVersion !== "authentication.gardener.cloud/v1alpha1" || body.kind !== "AdminKubeconfigRequest") return refuse(400, "BadRequest");
      const wanted = Number(body.spec?.expirationSeconds ?? 3600);
      if (wanted < 600) return refuse(422, "Invalid", "may not specify a duration less than 10 minutes");
      const shoot = await this.kube.request(asks[1]!);
      const addresses = (shoot.status?.advertisedAddresses ?? []).filter(({ name }: { name: string }) => ["external", "internal"].includes(name));
      if (addresses.length === 0) return refuse(422, "Invalid", "no suitable advertised address for kube-apiserver found in .status.advertisedAddresses");
      answer(201, { ...body, status: await this.#credential(shoot, addresses, Math.min(wanted, this.faults.maxSeconds)) });
    } catch (error) {
      if (error instanceof KubeError) refuse(error.status, error.reason, error.message);
      else refuse(500, "InternalError", (error as Error).message);
    }
  }

  async #credential(shoot: any, addresses: { name: string; url: string }[], seconds: number): Promise<object> {
    const { status } = await this.kube.request("/api/v1/namespaces/garden-acme/serviceaccounts/shoot-admin/token", {
      method: "POST",
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: Math.max(600, seconds) } },
    });
    const auth = `${shoot.metadata.namespace}--${shoot.metadata.name}`;
    const authority = this.sandbox.clusters[0].cluster;
    const ca: string = authority["certificate-authority-data"] ?? readFileSync(authority["certificate-authority"]).toString("base64");
    const kubeconfig = stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": `${auth}-${addresses[0]!.name}`,
      clusters: addresses.map(({ name, url }) => ({ name: `${auth}-${name}`, cluster: { server: url, "certificate-authority-data": ca } })),
      contexts: addresses.map(({ name }) => ({ name: `${auth}-${name}`, context: { cluster: `${auth}-${name}`, user: auth } })),
      users: [{ name: auth, user: { token: status.token } }],
    });
    const ends = this.faults.expired ? Date.now() - 1000 : Date.now() + seconds * 1000;
    return { kubeconfig: Buffer.from(kubeconfig).toString("base64"), expirationTimestamp: new Date(ends).toISOString() };
  }

  /** Everything else is the API server's own. */
  #pass(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const { cluster } = this.sandbox.clusters[0];
    const { user } = this.sandbox.users[0];
    const part = (from: any, key: string): Buffer => (from[`${key}-data`] ? Buffer.from(from[`${key}-data`], "base64") : readFileSync(from[key]));
    const { authorization: _token, host: _host, ...headers } = request.headers;
    const onward = httpsRequest(
      new URL(request.url!, cluster.server),
      { method: request.method, headers, ca: part(cluster, "certificate-authority"), cert: part(user, "client-certificate"), key: part(user, "client-key") },
      (from) => {
        response.writeHead(from.statusCode!, from.headers);
        from.pipe(response);
      },
    );
    onward.on("error", () => response.destroy());
    onward.end(body);
  }

  /** Where the API server really is: the address that Shoots advertise. */
  get api(): string {
    return this.sandbox.clusters[0].cluster.server as string;
  }
}

/** Shoots as a kind, a project's namespace, and who the credentials are for. */
async function prepare(kube: Kube): Promise<void> {
  await kube.apply({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "shoots.core.gardener.cloud", annotations: { "api-approved.kubernetes.io": "unapproved, a test" } },
    spec: {
      group: "core.gardener.cloud",
      names: { kind: "Shoot", plural: "shoots", singular: "shoot", listKind: "ShootList" },
      scope: "Namespaced",
      versions: [
        {
          name: "v1beta1",
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: {
                spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
                status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
              },
            },
          },
        },
      ],
    },
  });
  const confirmed = `"confirmation.gardener.cloud/deletion" in oldObject.metadata.?annotations.orValue({}) && oldObject.metadata.annotations["confirmation.gardener.cloud/deletion"] == "true"`;
  const policy = { apiVersion: "admissionregistration.k8s.io/v1", metadata: { name: "deletion-confirmation" } };
  const rules = [{ apiGroups: ["core.gardener.cloud"], apiVersions: ["*"], operations: ["DELETE"], resources: ["shoots"] }];
  await kube.apply({
    ...policy,
    kind: "ValidatingAdmissionPolicy",
    spec: { failurePolicy: "Fail", matchConstraints: { resourceRules: rules }, validations: [{ expression: confirmed, message: "must have a confirmation" }] },
  });
  await kube.apply({ ...policy, kind: "ValidatingAdmissionPolicyBinding", spec: { policyName: policy.metadata.name, validationActions: ["Deny"] } });
  await kube.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "garden-acme" } });
  await kube.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "shoot-admin", namespace: "garden-acme" } });
  await enforced(kube);
  await kube.apply({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "shoot-admin" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", name: "shoot-admin", namespace: "garden-acme" }],
  });
}

/** A policy holds a moment after it was made. */
async function enforced(kube: Kube): Promise<void> {
  const probe = { apiVersion: "core.gardener.cloud/v1beta1", kind: "Shoot", metadata: { name: "probe", namespace: "garden-acme" }, spec: {} };
  await kube.apply(probe);
  const remove = (dryRun: boolean): Promise<unknown> => kube.request(`${SHOOTS}/garden-acme/shoots/probe${dryRun ? "?dryRun=All" : ""}`, { method: "DELETE" });
  for (let tries = 0; tries < 300; tries += 1) {
    try {
      await remove(true);
    } catch (error) {
      if (!(error instanceof KubeError) || error.status !== 422) throw error;
      await kube.apply({ ...probe, metadata: { ...probe.metadata, annotations: { "confirmation.gardener.cloud/deletion": "true" } } });
      await remove(false);
      return;
    }
    await sleep(100);
  }
  throw new Error("the policy about deletion is not enforced after 30 s");
}
