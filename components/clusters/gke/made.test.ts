import type { Output } from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { runProgram } from "../../../sandbox/runner/monitor";
import { recordProgram, sample, type RecordedResource } from "../../../sandbox/runner/record";
import { checkStackOrThrow, type CheckedStack } from "../../../stacks/check";
import { deploy } from "../../../stacks/program";
import { gkeSmall as small } from "../../../tests/full-stacks";
import { unknownArguments } from "../../../tests/gcp-shapes";
import { type Graph, graphOf } from "../../../tests/graph";
import { protectedKind } from "../../safety/protected";
import { create } from "./index";
import { GkeConfig } from "./schema";

const made = {
  ...small,
  labels: { team: "platform" },
  keys: { data: {} },
  buckets: { "acme-logs": { key: "data" }, "acme-more": { key: "data", softDeleteDays: 0 }, "acme-traces": { expireDays: 30, noncurrentDays: 3 } },
  dnsZones: { "dev-example-com": { dnsName: "dev.example.com" } },
};
const platform = {
  domain: "dev.example.com",
  secrets: "sealed-secrets",
  certificates: { "cert-manager": { acme: { email: "ops@example.com", dns01: { cloudDNS: { project: "acme-prod", hostedZoneName: "dev-example-com" } } } } },
  logs: { loki: { objects: { gcs: { bucket: "acme-logs" } } } },
  traces: { tempo: { objects: { gcs: { bucket: "acme-traces" } } } },
};

const checked = (gke: object, of?: object): CheckedStack =>
  checkStackOrThrow({ stack: "test", source: "Pulumi.test.yaml", values: { cluster: { gke }, ...(of ? { platform: of } : {}) } });

let nameServers: unknown;
const record = (gke: object, of?: object): Promise<RecordedResource[]> =>
  recordProgram(async () => {
    const outputs: Record<string, Output<unknown>> = await deploy(checked(gke, of), { offline: true, charts: {} });
    nameServers = undefined;
    outputs.nameServers?.apply((value) => (nameServers = value));
  });

function named(resources: readonly RecordedResource[], type: string, name: string): RecordedResource {
  const found = resources.filter((one) => one.type.endsWith(`:${type}`) && one.name === name);
  if (found.length !== 1) throw new Error(`${found.length} resources ${type} ${name}`);
  return found[0]!;
}

const isMade = ({ type }: { type: string }): boolean => /^gcp:(storage\/bucket:Bucket|dns\/managedZone:|kms\/)/.test(type);

describe("what is made in Google Cloud beside the cluster", () => {
  let resources: RecordedResource[];
  beforeAll(async () => {
    resources = await record(made, platform);
  });
  const inputs = (type: string, name: string): any => named(resources, type, name).inputs;

  it("is what the config lists, and nothing by itself", async () => {
    expect(nameServers).toEqual({ "dev.example.com": ["ns-1.sample.invalid."] });
    expect(
      resources
        .filter(isMade)
        .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`)
        .sort(),
    ).toEqual([
      "Bucket bucket-acme-logs",
      "Bucket bucket-acme-more",
      "Bucket bucket-acme-traces",
      "CryptoKey key-data",
      "CryptoKeyIAMMember key-data-storage",
      "KeyRing keys",
      "ManagedZone zone-dev-example-com",
    ]);
    expect((await record(small)).filter(isMade)).toEqual([]);
    expect(nameServers).toBeUndefined();
  });

  it("has arguments that the provider's own types know, nested ones too", () => {
    expect(resources.filter(({ type }) => type.startsWith("gcp:")).flatMap(unknownArguments)).toEqual([]);
  });

  it("buckets are private, versioned, in the region, and encrypted with the key of the config", () => {
    expect(inputs("Bucket", "bucket-acme-logs")).toEqual({
      project: "acme-prod",
      name: "acme-logs",
      location: "EUROPE-WEST1",
      uniformBucketLevelAccess: true,
      publicAccessPrevention: "enforced",
      versioning: { enabled: true },
      softDeletePolicy: { retentionDurationSeconds: 604_800 },
      lifecycleRules: [
        { action: { type: "AbortIncompleteMultipartUpload" }, condition: { age: 7 } },
        { action: { type: "Delete" }, condition: { daysSinceNoncurrentTime: 30, withState: "ARCHIVED" } },
      ],
      forceDestroy: false,
      labels: { team: "platform" },
      encryption: { defaultKmsKeyName: "key-data" },
    });
    expect(inputs("Bucket", "bucket-acme-more").softDeletePolicy).toEqual({ retentionDurationSeconds: 0 });
    expect(inputs("Bucket", "bucket-acme-traces")).not.toHaveProperty("encryption");
    expect(inputs("Bucket", "bucket-acme-traces").lifecycleRules.slice(1)).toEqual([
      { action: { type: "Delete" }, condition: { daysSinceNoncurrentTime: 3, withState: "ARCHIVED" } },
      { action: { type: "Delete" }, condition: { age: 30, withState: "LIVE" } },
    ]);
  });

  it("lets Cloud Storage itself use the key, once per key, before the buckets", () => {
    expect(inputs("CryptoKeyIAMMember", "key-data-storage")).toEqual({
      cryptoKeyId: "key-data",
      role: "roles/cloudkms.cryptoKeyEncrypterDecrypter",
      member: "serviceAccount:service-PROJECT_NUMBER@gs-project-accounts.iam.gserviceaccount.com",
    });
    for (const name of ["bucket-acme-logs", "bucket-acme-more"]) expect(named(resources, "Bucket", name).dependsOn).toContain("key-data-storage");
  });

  it("keys rotate, in a ring called like the cluster or as the config says", async () => {
    expect(inputs("KeyRing", "keys")).toEqual({ project: "acme-prod", location: "europe-west1", name: "prod" });
    expect(inputs("CryptoKey", "key-data")).toEqual({ keyRing: "keys", name: "data", rotationPeriod: "7776000s", labels: { team: "platform" } });
    expect(named(await record({ ...made, keyRing: "prod-2" }), "KeyRing", "keys").inputs.name).toBe("prod-2");
  });

  it("zones are public, signed, and never emptied", () => {
    expect(inputs("ManagedZone", "zone-dev-example-com")).toMatchObject({
      name: "dev-example-com",
      dnsName: "dev.example.com.",
      visibility: "public",
      dnssecConfig: { state: "on" },
      forceDestroy: false,
    });
  });

  it("asks who Cloud Storage is in the project, but never in plan, and not where no bucket has a key", async () => {
    const asked: string[] = [];
    const members: unknown[] = [];
    const program = (gke: object) => async () => {
      await create(GkeConfig.parse(gke), { stack: "test", offline: false, choices: () => [] });
    };
    const monitor = {
      register: async (registration: Parameters<typeof sample>[0]) => {
        if (registration.type.endsWith(":CryptoKeyIAMMember")) members.push(registration.inputs.member);
        return sample(registration);
      },
      invoke: async (token: string, args: Record<string, unknown>) => {
        asked.push(`${token} ${String(args.project)}`);
        return { member: "serviceAccount:storage" };
      },
    };
    await runProgram(program(small), monitor);
    expect(asked).toEqual([]);
    await runProgram(program(made), monitor);
    expect([asked, members]).toEqual([["gcp:storage/getProjectServiceAccount:getProjectServiceAccount acme-prod"], ["serviceAccount:storage"]]);
  });

  it("a key that is there already is used in full, and Cloud Storage may use it", async () => {
    const key = "projects/acme-keys/locations/europe-west1/keyRings/ring/cryptoKeys/logs";
    const all = await record({ ...small, buckets: { "acme-logs": { key } } });
    expect(named(all, "Bucket", "bucket-acme-logs").inputs.encryption).toEqual({ defaultKmsKeyName: key });
    expect(named(all, "CryptoKeyIAMMember", "key-acme-keys-europe-west1-ring-logs-storage").inputs.cryptoKeyId).toBe(key);
    expect(all.filter(({ type }) => /:(KeyRing|CryptoKey)$/.test(type))).toEqual([]);
  });
});

describe("safety", () => {
  const kept = async (gke: object): Promise<string[]> => (await record(gke)).filter((one) => isMade(one) && one.options.protect).map(({ name }) => name);

  it("protects what holds data, as the cluster or as the thing itself says, and the guard and the policy pack know it", async () => {
    expect((await kept(made)).sort()).toEqual(["bucket-acme-logs", "bucket-acme-more", "bucket-acme-traces", "key-data", "keys", "zone-dev-example-com"]);
    expect(await kept({ ...made, protect: false })).toEqual([]);
    expect(await kept({ ...small, keys: { data: { protect: false }, more: {} } })).toEqual(["keys", "key-more"]);
    expect(await kept({ ...small, keys: { data: { protect: false } } })).toEqual([]);
    expect(await kept({ ...made, dnsZones: { "dev-example-com": { dnsName: "dev.example.com", protect: false } } })).not.toContain("zone-dev-example-com");
    for (const { type, name, options } of (await record(made)).filter(isMade))
      expect(protectedKind(type, name)?.protect ?? false).toBe(options.protect ?? false);
  });

  it("leaves it in the cloud when all is destroyed, with the right of Cloud Storage to the key, unless data is delete", async () => {
    const stays = (all: RecordedResource[]): string[] =>
      all.filter(({ type, options }) => type.startsWith("gcp:") && options.retainOnDelete).map(({ name }) => name);
    expect(stays(await record(made, platform))).toHaveLength(7);
    expect(stays(await record(made, { ...platform, data: "delete" }))).toEqual([]);
  });
});

describe("order", () => {
  let graph: Graph;
  beforeAll(async () => {
    graph = await graphOf(checked(made, platform));
  });

  it("rights come after what they are about, and after nothing else that is made", () => {
    const logs = graph.of(/:BucketIAMMember$/).filter(({ name }) => name === "access-loki-acme-logs-objectUser");
    const bucket = (name: string) => graph.of(/:Bucket$/).filter((one) => one.name === name);
    expect(logs).toHaveLength(1);
    expect(graph.tooEarly(logs, [...bucket("bucket-acme-logs"), ...graph.of(/:(CryptoKey|KeyRing|CryptoKeyIAMMember)$/)])).toEqual([]);
    expect(graph.tooEarly(logs, bucket("bucket-acme-traces"))).toHaveLength(1);
    expect(graph.of(/:DnsManagedZoneIamMember$/)).toHaveLength(1);
    expect(graph.tooEarly(graph.of(/:DnsManagedZoneIamMember$/), graph.of(/:ManagedZone$/))).toEqual([]);
  });

  it("a zone of the same name in another project is another zone", async () => {
    const elsewhere = {
      "cert-manager": { acme: { email: "ops@example.com", dns01: { cloudDNS: { project: "acme-dns", hostedZoneName: "dev-example-com" } } } },
    };
    const other = await graphOf(checked(made, { ...platform, certificates: elsewhere }));
    expect(other.tooEarly(other.of(/:DnsManagedZoneIamMember$/), other.of(/:ManagedZone$/))).toHaveLength(1);
  });

  it("pods come after rights, buckets and zones, and go before them", () => {
    const inside = graph.of(/^kubernetes:/);
    expect(inside.length).toBeGreaterThan(20);
    expect(graph.tooEarly(inside, graph.of(/^gcp:(storage|dns|kms)\//))).toEqual([]);
  });
});
