import type { Output } from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { recordProgram, type RecordedResource } from "../../../sandbox/runner/record";
import { checkStack } from "../../../stacks/check";
import { deploy } from "../../../stacks/program";
import { checked, made, named, names } from "../../../tests/eks";
import { type Graph, graphOf } from "../../../tests/graph";
import { protectedKind } from "../../safety/protected";

const KEY = "arn:aws:sample:eu-west-1:123456789012:key-data";
const s3 = (bucket: string) => ({ s3: { bucket, region: "eu-west-1" } });
const platform = {
  domain: "dev.example.com",
  secrets: "sealed-secrets",
  certificates: { "cert-manager": { acme: { email: "ops@example.com", dns01: { route53: { region: "eu-west-1", hostedZoneId: "dev.example.com" } } } } },
  logs: { loki: { objects: s3("acme-logs") } },
  traces: { tempo: { objects: s3("acme-traces") } },
};

interface Run {
  resources: RecordedResource[];
  outputs: Record<string, unknown>;
}

async function run(eks: object, of?: object): Promise<Run> {
  const outputs: Record<string, unknown> = {};
  const resources = await recordProgram(async () => {
    const made: Record<string, Output<unknown>> = await deploy(checked(eks, of), { offline: true, charts: {} });
    made.nameServers?.apply((value) => (outputs.nameServers = value));
  });
  return { resources, outputs };
}

const settings = [
  "BucketPublicAccessBlock",
  "BucketVersioning",
  "BucketOwnershipControls",
  "BucketServerSideEncryptionConfiguration",
  "BucketPolicy",
  "BucketLifecycleConfiguration",
];

describe("what is made in AWS beside the cluster", () => {
  let all: Run;
  beforeAll(async () => {
    all = await run(made, platform);
  });
  const inputs = (type: string, name: string): any => named(all.resources, type, name).inputs;

  it("is what the config lists, each bucket with all its settings", () => {
    for (const type of ["Bucket", ...settings]) expect(names(all.resources, type), type).toEqual(["bucket-acme-logs", "bucket-acme-traces"]);
    expect(names(all.resources, "Zone")).toEqual(["zone-dev.example.com"]);
    expect(names(all.resources, "Key")).toEqual(["key-data"]); // that of Secrets is given
    expect(names(all.resources, "Alias")).toEqual(["key-data"]);
  });

  it("is nothing by itself", async () => {
    const { resources, outputs } = await run({});
    expect(resources.filter(({ type }) => /:(Bucket\w*|Zone)$/.test(type))).toEqual([]);
    expect(outputs).toEqual({});
  });

  it("buckets are private, whoever asks, and refuse what is not encrypted on its way", () => {
    expect(inputs("Bucket", "bucket-acme-logs")).toEqual({ bucket: "acme-logs", forceDestroy: false, tags: { Name: "acme-logs" } });
    expect(inputs("BucketPublicAccessBlock", "bucket-acme-logs")).toEqual({
      bucket: "acme-logs",
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    expect(inputs("BucketOwnershipControls", "bucket-acme-logs").rule).toEqual({ objectOwnership: "BucketOwnerEnforced" });
    expect(JSON.parse(inputs("BucketPolicy", "bucket-acme-logs").policy as string)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "NotInClear",
          Effect: "Deny",
          Principal: "*",
          Action: ["s3:*"],
          Resource: ["arn:aws:s3:::acme-logs", "arn:aws:s3:::acme-logs/*"],
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ],
    });
  });

  it("buckets are encrypted, with the key of the config or that of S3", () => {
    expect(inputs("BucketServerSideEncryptionConfiguration", "bucket-acme-logs").rules).toEqual([
      { applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: KEY }, bucketKeyEnabled: true },
    ]);
    expect(inputs("BucketServerSideEncryptionConfiguration", "bucket-acme-traces").rules).toEqual([
      { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } },
    ]);
  });

  it("buckets keep versions for a time, and objects for ever or as long as the config says", () => {
    expect(inputs("BucketVersioning", "bucket-acme-logs").versioningConfiguration).toEqual({ status: "Enabled" });
    const rule = { id: "bearstack", status: "Enabled", filter: {}, abortIncompleteMultipartUpload: { daysAfterInitiation: 7 } };
    expect(inputs("BucketLifecycleConfiguration", "bucket-acme-logs").rules).toEqual([
      { ...rule, noncurrentVersionExpiration: { noncurrentDays: 30 }, expiration: { expiredObjectDeleteMarker: true } },
    ]);
    expect(inputs("BucketLifecycleConfiguration", "bucket-acme-traces").rules).toEqual([
      { ...rule, noncurrentVersionExpiration: { noncurrentDays: 3 }, expiration: { days: 30 } },
    ]);
  });

  it("keys rotate and are deleted late; zones are never emptied", () => {
    expect(inputs("Key", "key-data")).toMatchObject({ enableKeyRotation: true, rotationPeriodInDays: 365, deletionWindowInDays: 30 });
    expect(inputs("Alias", "key-data").name).toBe("alias/eks/prod/data");
    expect(inputs("Zone", "zone-dev.example.com")).toMatchObject({ name: "dev.example.com", forceDestroy: false });
  });

  it("tells the name servers of its zones", () => {
    expect(all.outputs).toEqual({ nameServers: { "dev.example.com": ["ns-1.sample.invalid"] } });
  });

  it("is called by its id in the issuer and in the right to prove", () => {
    expect(inputs("ClusterIssuer", "bearstack").spec.acme.solvers).toEqual([{ dns01: { route53: { region: "eu-west-1", hostedZoneID: "ZSAMPLE" } } }]);
    const { Statement } = JSON.parse(inputs("RolePolicy", "access-cert-manager-rights").policy as string) as { Statement: { Resource: string[] }[] };
    expect(Statement.flatMap(({ Resource }) => Resource)).toEqual([
      "arn:aws:route53:::change/*",
      "arn:aws:route53:::hostedzone/ZSAMPLE",
      "arn:aws:route53:::hostedzone/ZSAMPLE",
    ]);
  });

  it("is used with the right to its key, and to no other", () => {
    const rights = (name: string): unknown => JSON.parse(inputs("RolePolicy", name).policy as string);
    const objects = (bucket: string): object[] => [
      { Effect: "Allow", Action: ["s3:ListBucket"], Resource: [`arn:aws:s3:::${bucket}`] },
      { Effect: "Allow", Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], Resource: [`arn:aws:s3:::${bucket}/*`] },
    ];
    const key = { Effect: "Allow", Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: [KEY] };
    expect(rights("access-loki-rights")).toEqual({ Version: "2012-10-17", Statement: [...objects("acme-logs"), key] });
    expect(rights("access-tempo-rights")).toEqual({ Version: "2012-10-17", Statement: objects("acme-traces") });
  });
});

describe("a key that is there already", () => {
  const arn = "arn:aws:kms:eu-west-1:123456789012:key/theirs";

  it("encrypts the bucket, and comes with the right to it", async () => {
    const { resources } = await run({ buckets: { "acme-logs": { key: arn }, "acme-traces": {} }, dnsZones: made.dnsZones }, platform);
    expect(JSON.stringify(named(resources, "BucketServerSideEncryptionConfiguration", "bucket-acme-logs").inputs)).toContain(arn);
    expect(named(resources, "RolePolicy", "access-loki-rights").inputs.policy).toContain(`"Resource":["${arn}"]`);
    expect(names(resources, "Key")).toEqual(["secrets"]);
  });
});

describe("safety", () => {
  const kept = ({ resources }: Run): string[] =>
    resources.filter(({ type, options }) => /:(Bucket|Zone|Key)$/.test(type) && options.protect).map(({ name }) => name);

  it("protects what holds data, as the cluster or as the thing itself says, and the guard and the policy pack know it", async () => {
    const all = await run(made);
    expect(kept(all).sort()).toEqual(["bucket-acme-logs", "bucket-acme-traces", "key-data", "zone-dev.example.com"]);
    for (const { type, name, options } of all.resources)
      if (/^aws:(s3|kms|route53)/.test(type)) expect(protectedKind(type, name)?.protect ?? false).toBe(options.protect ?? false);
    expect(kept(await run({ ...made, protect: false }))).toEqual([]);
    const one = { ...made, buckets: { ...made.buckets, "acme-traces": { protect: false } } };
    expect(kept(await run(one))).not.toContain("bucket-acme-traces");
    expect(kept(await run({ ...one, buckets: { "acme-traces": { protect: true } }, protect: false }))).toEqual(["bucket-acme-traces"]);
  });

  it("leaves it in the cloud when all is destroyed, unless data is delete; settings always go with their bucket", async () => {
    const stays = ({ resources }: Run): string[] =>
      resources.filter(({ type, options }) => type.startsWith("aws:") && options.retainOnDelete).map(({ name }) => name);
    const [keep, gone] = [await run(made, platform), await run(made, { ...platform, data: "delete" })];
    expect(stays(keep).sort()).toEqual(["bucket-acme-logs", "bucket-acme-traces", "key-data", "zone-dev.example.com"]);
    expect(stays(gone)).toEqual([]);
    for (const { resources } of [keep, gone])
      for (const type of settings) expect(named(resources, type, "bucket-acme-logs").options.deletedWith, type).toBe("bucket-acme-logs");
    expect(keep.resources.filter(({ inputs }) => (inputs as { forceDestroy?: boolean }).forceDestroy)).toEqual([]);
  });
});

describe("order", () => {
  let graph: Graph;
  beforeAll(async () => {
    graph = await graphOf(checked(made, platform));
  });
  const policies = (addon: string) => graph.of(/:RolePolicy$/).filter(({ name }) => name === `access-${addon}-rights`);
  const bucket = (name: string) => graph.of(/^aws:s3\//).filter((one) => one.name === `bucket-${name}`);

  it("rights come after what they are about, and after no other bucket", () => {
    expect(bucket("acme-logs")).toHaveLength(7);
    expect(graph.tooEarly(policies("loki"), [...bucket("acme-logs"), ...graph.of(/:Key$/)])).toEqual([]);
    expect(graph.tooEarly(policies("cert-manager"), graph.of(/:Zone$/))).toEqual([]);
    expect(graph.tooEarly(policies("tempo"), bucket("acme-logs"))).toHaveLength(7);
  });

  it("pods come after rights and buckets, and go before them", () => {
    const inside = graph.of(/^kubernetes:/);
    expect(inside.length).toBeGreaterThan(20);
    expect(graph.tooEarly(inside, [...graph.of(/^aws:(s3|kms|route53)\//), ...graph.of(/:(RolePolicy|PodIdentityAssociation)$/)])).toEqual([]);
  });

  it("a bucket goes before its key, so that a bucket which does not go keeps it", () => {
    const keyed = bucket("acme-logs").filter(({ type }) => /:Bucket(ServerSideEncryptionConfiguration)?$/.test(type));
    expect(keyed).toHaveLength(2);
    expect(graph.tooEarly(keyed, graph.of(/:Key$/))).toEqual([]);
  });
});

it("takes a bucket that is not listed for one that is there", () => {
  const { issues } = checkStack({
    stack: "test",
    source: "x",
    values: {
      cluster: { eks: { region: "eu-west-1", admins: ["arn:aws:iam::123456789012:role/deploy"] } },
      platform: { logs: { loki: { objects: s3("theirs") } } },
    },
  });
  expect(issues).toEqual([]);
});
