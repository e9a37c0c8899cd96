import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { askAll } from "../cli/cloud-leftovers";
import { kubeconfig as eksAccess } from "../components/clusters/eks/access";
import { EksConfig } from "../components/clusters/eks/schema";
import { look as lookInAws } from "../components/clusters/eks/things";
import { kubeconfig as gkeAccess } from "../components/clusters/gke/access";
import { GkeConfig } from "../components/clusters/gke/schema";
import { look as lookInGoogle } from "../components/clusters/gke/things";

// The real programs of the clouds, where they are installed, against answers in the form that the clouds' API references give: so the
// arguments are true, and what they print is read. That a cloud answers so is not proven.

const has = (name: string): boolean => spawnSync(name, ["--version"]).status === 0;
const ROLE = "arn:aws:iam::123456789012:role/deploy";

let server: Server;
let folder: string;
let asked: string[];
let answer: (request: IncomingMessage, body: string) => { status?: number; type?: string; body: string };
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bear-cloud-"));
  asked = [];
  server = createServer((request: IncomingMessage, response: ServerResponse) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      asked.push(`${request.method} ${request.url} ${/Credential=([^/]+)/.exec(request.headers.authorization ?? "")?.[1] ?? request.headers.authorization}`);
      const { status = 200, type = "application/json", body: text } = answer(request, body);
      response.writeHead(status, { "content-type": type }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});
const address = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

describe.skipIf(!has("aws"))("the AWS CLI", () => {
  const cluster = {
    name: "prod",
    arn: "arn:aws:eks:eu-west-1:123456789012:cluster/prod",
    status: "ACTIVE",
    endpoint: "https://0A1B.gr7.eu-west-1.eks.amazonaws.com",
    certificateAuthority: { data: "Q0E=" },
  };
  const assumed = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>canary</SecretAccessKey><SessionToken>session</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;
  beforeEach(() => {
    for (const [name, value] of Object.entries({
      AWS_ENDPOINT_URL: address(),
      AWS_ACCESS_KEY_ID: "AKIARUN",
      AWS_SECRET_ACCESS_KEY: "canary",
      AWS_CONFIG_FILE: join(folder, "config"),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, "credentials"),
      AWS_PROFILE: undefined,
      AWS_SESSION_TOKEN: undefined,
    }))
      vi.stubEnv(name, value);
  });

  it("is asked as it takes it, as a role too, and makes a token by the kubeconfig's own words", async () => {
    answer = ({ url }) => (url === "/" ? { type: "text/xml", body: assumed } : { body: JSON.stringify({ cluster }) });
    const { kubeconfig } = await eksAccess(EksConfig.parse({ region: "eu-west-1", roleArn: ROLE }), "prod");
    expect(asked).toEqual(["POST / AKIARUN", "GET /clusters/prod ASIAROLE"]);
    const config = parse(kubeconfig) as { clusters: [{ cluster: object }]; users: [{ user: { exec: { command: string; args: string[] } } }] };
    expect(config.clusters[0].cluster).toEqual({ server: cluster.endpoint, "certificate-authority-data": "Q0E=" });
    const { command, args } = config.users[0].user.exec;
    const token = JSON.parse((await promisify(execFile)(command, args)).stdout) as { status: { token: string } };
    expect(Buffer.from(token.status.token.replace("k8s-aws-v1.", ""), "base64url").toString()).toContain("ASIAROLE");
  });

  it("says who was refused what", async () => {
    const message = "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: eks:DescribeCluster";
    answer = () => ({ status: 403, body: JSON.stringify({ __type: "AccessDeniedException", message }) });
    await expect(eksAccess(EksConfig.parse({ region: "eu-west-1" }), "prod")).rejects.toThrow(/user\/ci is not authorized.*\n {2}→ Give who is named above/);
  });

  it("is asked what is left as it takes it, page by page", { timeout: 300_000 }, async () => {
    const volume = "arn:aws:ec2:eu-west-1:123456789012:volume/vol-0a1b";
    const pages = { ResourceTagMappingList: [{ ResourceARN: volume, Tags: [{ Key: "CSIVolumeName", Value: "pvc-1" }] }], PaginationToken: "" };
    const zone = `<HostedZone><Id>/hostedzone/Z1</Id><Name>dev.example.com.</Name><CallerReference>1</CallerReference><Config><Comment>Of the EKS cluster prod</Comment><PrivateZone>false</PrivateZone></Config></HostedZone>`;
    const who = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;
    const filters: unknown[] = [];
    answer = ({ url = "", headers }, body) => {
      if (url.startsWith("/2013-04-01/hostedzone"))
        return {
          type: "text/xml",
          body: `<ListHostedZonesResponse><HostedZones>${zone}</HostedZones><IsTruncated>false</IsTruncated></ListHostedZonesResponse>`,
        };
      if (url.startsWith("/clusters")) return { body: JSON.stringify({ clusters: [] }) };
      const target = String(headers["x-amz-target"] ?? "").split(".")[1];
      if (target === "DescribeLogGroups") return { body: JSON.stringify({ logGroups: [{ logGroupName: "/aws/eks/prod/cluster" }] }) };
      if (target !== "GetResources") return { type: "text/xml", body: who };
      const { TagFilters, PaginationToken } = JSON.parse(body) as { TagFilters: [{ Key: string; Values: string[] }]; PaginationToken?: string };
      filters.push([TagFilters[0].Key, TagFilters[0].Values]);
      if (TagFilters[0].Key !== "kubernetes.io/cluster/prod") return { body: JSON.stringify({ ResourceTagMappingList: [] }) };
      return { body: JSON.stringify(PaginationToken === "2" ? pages : { ResourceTagMappingList: [], PaginationToken: "2" }) };
    };
    const config = EksConfig.parse({ region: "eu-west-1", dnsZones: { "dev.example.com": {} } });
    const { where, clusterThere, things, unanswered } = await askAll(await lookInAws(config, { stack: "prod", keep: true }));
    expect({ where, clusterThere, unanswered }).toEqual({ where: "account 123456789012, eu-west-1", clusterThere: false, unanswered: [] });
    expect(things.map(({ kind, name, reason }) => `${kind} ${name} ${reason}`)).toEqual([
      "volume vol-0a1b data",
      "log group /aws/eks/prod/cluster controller",
      "DNS zone dev.example.com kept",
    ]);
    expect(filters).toContainEqual(["eks:eks-cluster-name", ["prod"]]);
  });

  it("says that nobody is logged in", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    await expect(eksAccess(EksConfig.parse({ region: "eu-west-1" }), "prod")).rejects.toThrow(/Unable to locate credentials.*\n {2}→ Log in/);
  });
});

describe.skipIf(!has("gcloud") || !has("gke-gcloud-auth-plugin"))("gcloud", () => {
  const config = GkeConfig.parse({ project: "acme-prod", region: "europe-west1", name: "prod" });
  beforeEach(() => {
    writeFileSync(join(folder, "token"), "canary");
    for (const [name, value] of Object.entries({
      CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS: `${address()}/`,
      CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE: `${address()}/compute/v1/`,
      CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER: `${address()}/`,
      CLOUDSDK_API_ENDPOINT_OVERRIDES_DNS: `${address()}/dns/v1/`,
      CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE: `${address()}/storage/v1/`,
      CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: join(folder, "token"),
      CLOUDSDK_CONFIG: join(folder, "gcloud"),
      CLOUDSDK_CORE_ACCOUNT: "ci@acme-prod.iam.gserviceaccount.com",
    }))
      vi.stubEnv(name, value);
  });

  it("is asked as it takes it", async () => {
    const dnsEndpointConfig = { endpoint: "gke-0a1b.europe-west1.gke.goog", allowExternalTraffic: true };
    answer = () => ({ body: JSON.stringify({ name: "prod", status: "RUNNING", controlPlaneEndpointsConfig: { dnsEndpointConfig } }) });
    const { kubeconfig } = await gkeAccess(config, "test");
    expect(asked).toEqual([expect.stringMatching(/^GET \/v1\/projects\/acme-prod\/locations\/europe-west1\/clusters\/prod\?\S* Bearer canary$/)]);
    expect(parse(kubeconfig)).toMatchObject({ clusters: [{ cluster: { server: "https://gke-0a1b.europe-west1.gke.goog" } }] });
  });

  it("says what was refused, and we to whom", async () => {
    const error = { code: 403, status: "PERMISSION_DENIED", message: 'Required "container.clusters.get" permission(s) for "prod".' };
    answer = () => ({ status: 403, body: JSON.stringify({ error }) });
    await expect(gkeAccess(config, "test")).rejects.toThrow(
      /Required "container.clusters.get".*\n {2}→ Give ci@acme-prod.iam.gserviceaccount.com container.clusters.get/,
    );
  });

  it("is asked what is left as it takes it, and a list that was refused is none", { timeout: 300_000 }, async () => {
    const compute = "https://www.googleapis.com/compute/v1/projects/acme-prod";
    const labels = { "goog-k8s-cluster-name": "prod", "goog-k8s-cluster-location": "europe-west1", "goog-gke-volume": "" };
    const lists: Record<string, object> = {
      "/compute/v1/projects/acme-prod/aggregated/disks": {
        items: {
          "zones/europe-west1-b": { disks: [{ name: "pvc-1", zone: `${compute}/zones/europe-west1-b`, labels }] },
          "zones/us-east1-b": { warning: { code: "NO_RESULTS_ON_PAGE" } },
        },
      },
      "/compute/v1/projects/acme-prod/global/firewalls": {
        items: [{ name: "k8s-fw-a0123456789abcdef0123456789abcde", network: `${compute}/global/networks/prod`, targetTags: ["gke-prod-0a1b2c3d-node"] }],
      },
      "/compute/v1/projects/acme-prod/aggregated/forwardingRules": {
        items: { "regions/europe-west1": { forwardingRules: [{ name: "a0123456789abcdef0123456789abcde", region: `${compute}/regions/europe-west1` }] } },
      },
      "/storage/v1/b": { items: [{ name: "acme-logs", kind: "storage#bucket" }] },
      "/dns/v1/projects/acme-prod/managedZones": { managedZones: [{ name: "dev-example-com", dnsName: "dev.example.com." }] },
    };
    const refused = (message: string) => ({ status: 403, body: JSON.stringify({ error: { code: 403, message, errors: [{ message, reason: "forbidden" }] } }) });
    const missing = { status: 404, body: JSON.stringify({ error: { code: 404, status: "NOT_FOUND", message: "KeyRing prod not found." } }) };
    answer = ({ url = "" }) => {
      const path = url.split("?")[0]!;
      if (path.endsWith("/aggregated/addresses")) return refused("Required 'compute.addresses.list' permission for 'projects/acme-prod'");
      if (path.endsWith("/cryptoKeys")) return missing;
      return { body: JSON.stringify(lists[path] ?? { items: path.includes("/aggregated/") ? {} : [] }) };
    };
    const made = { buckets: { "acme-logs": {} }, dnsZones: { "dev-example-com": { dnsName: "dev.example.com" } }, keys: { data: {} } };
    const full = GkeConfig.parse({ project: "acme-prod", region: "europe-west1", name: "prod", ...made });
    const { clusterThere, things, unanswered } = await askAll(await lookInGoogle(full, { stack: "test", keep: true }));
    expect(unanswered).toEqual([
      {
        about: "addresses",
        problem: expect.stringMatching(/^gcloud compute addresses list: .*Required 'compute.addresses.list' permission/) as unknown,
        fix: expect.stringContaining("Give ci@acme-prod.iam.gserviceaccount.com that right") as unknown,
      },
    ]);
    expect(clusterThere).toBe(false);
    expect(things.map(({ kind, name, reason }) => `${kind} ${name} ${reason}`)).toEqual([
      "forwarding rule a0123456789abcdef0123456789abcde controller",
      "disk pvc-1 data",
      "firewall rule k8s-fw-a0123456789abcdef0123456789abcde controller",
      "bucket acme-logs kept",
      "DNS zone dev-example-com kept",
    ]);
  });

  it("says that nobody is logged in", async () => {
    vi.stubEnv("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", undefined);
    vi.stubEnv("CLOUDSDK_CORE_ACCOUNT", undefined);
    answer = () => ({ body: "{}" });
    await expect(gkeAccess(config, "test")).rejects.toThrow(/do not currently have an active account.*\n {2}→ Log in/);
  });
});
