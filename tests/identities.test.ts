import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Provider } from "@pulumi/kubernetes";
import { output } from "@pulumi/pulumi";
import { describe, expect, it, vi } from "vitest";
import { accessOf, examples, needs as everyKind } from "../cli/internal/docs/identities";
import { accessPolicy } from "../components/clusters/eks/grant-policies";
import { grantsOf } from "../components/clusters/gke/grant-roles";
import { ClusterComponent } from "../components/clusters/provider";
import { ownAccount } from "../components/core/access";
import type { AccessRequest, ClusterContext, ClusterHandle, ClusterModule } from "../components/clusters/definition";
import { clusters } from "../components/clusters/registry";
import { addons } from "../components/addons/registry";
import { recordProgram } from "../sandbox/runner/record";
import { createPlatform } from "../stacks/platform";
import { one, platformStack, recordPlatform, secure } from "./platforms";

const bucket = { bucket: "acme-data", region: "eu-central-1" };
const email = "ops@example.com";
const proof = (dns01: object) => ({ certificates: { "cert-manager": { acme: { email, dns01 } } } });

const folder = join(__dirname, "../components/addons");
const withAccess = readdirSync(folder).filter((name) => existsSync(join(folder, name, "access.ts")));

/** What the add-ons of a platform ask of clouds. */
const asked = (platform: Record<string, unknown>): AccessRequest[] => platformStack(platform).resolved!.all.access;
const needs = (platform: Record<string, unknown>) =>
  asked(platform).map(({ addon, namespace, serviceAccount, needs: of }) => ({ addon, namespace, serviceAccount, of }));

describe("what add-ons rely on", () => {
  it.each([
    ["logs", "loki"],
    ["traces", "tempo"],
  ])("%s in a bucket of AWS without keys: on an identity with that bucket", (slot, addon) => {
    expect(needs({ [slot]: { [addon]: { objects: { s3: bucket }, namespace: "data" } } })).toEqual([
      { addon, namespace: "data", serviceAccount: addon, of: [{ cloud: "aws", kind: "bucket", bucket: "acme-data", write: true, region: "eu-central-1" }] },
    ]);
  });

  it.each([
    ["logs", "loki", {}],
    ["traces", "tempo", { look: true }],
  ])("%s in a bucket of Google Cloud: on an identity with that bucket", (slot, addon, more) => {
    expect(needs({ [slot]: { [addon]: { objects: { gcs: { bucket: "acme-data" } } } } })).toEqual([
      { addon, namespace: addon, serviceAccount: addon, of: [{ cloud: "gcp", kind: "bucket", bucket: "acme-data", write: true, ...more }] },
    ]);
  });

  it.each([
    ["keys", { accessKey: secure, secretKey: secure }],
    ["a Secret made elsewhere", { existingSecret: "keys" }],
  ])("a bucket with %s: on none", (_name, more) => {
    const objects = { s3: { ...bucket, ...more } };
    expect(asked({ logs: { loki: { objects } }, traces: { tempo: { objects } } })).toEqual([]);
  });

  it("a bucket that is not of AWS: on none", () => {
    expect(
      asked({
        logs: { loki: { objects: { s3: { ...bucket, endpoint: "https://minio.example.com" } } } },
        traces: { tempo: { objects: { s3: { ...bucket, endpoint: "minio.example.com" } } } },
      }),
    ).toEqual([]);
  });

  it.each([
    ["a zone of Route 53", { route53: { region: "eu-west-1", hostedZoneId: "Z1" } }, { cloud: "aws", kind: "dns01", zones: ["Z1"] }],
    [
      "a zone of Route 53 by a role",
      { route53: { region: "eu-west-1", role: "arn:aws:iam::1:role/dns" } },
      { cloud: "aws", kind: "role", arn: "arn:aws:iam::1:role/dns" },
    ],
    [
      "a zone of Cloud DNS",
      { cloudDNS: { project: "acme", hostedZoneName: "example-com" } },
      { cloud: "gcp", kind: "dns01", project: "acme", zones: ["example-com"] },
    ],
  ])("proofs in %s without keys: on an identity for it", (_name, dns01, need) => {
    expect(needs(proof(dns01))).toEqual([{ addon: "cert-manager", namespace: "cert-manager", serviceAccount: "cert-manager", of: [need] }]);
  });

  it.each([
    ["Route 53", { route53: { region: "eu-west-1", hostedZoneId: "Z1", accessKeyId: "AKIA", secretAccessKey: secure } }],
    ["Cloud DNS", { cloudDNS: { project: "acme", serviceAccount: secure } }],
    ["another provider", { cloudflare: { apiToken: secure } }],
  ])("proofs by %s with keys: on none", (_name, dns01) => {
    expect(asked(proof(dns01))).toEqual([]);
  });

  it("an account that the user's own values describe: on none of ours", () => {
    const loki = (serviceAccount: object) => asked({ logs: { loki: { objects: { s3: bucket }, values: { serviceAccount } } } });
    expect(loki({ annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/own" } })).toEqual([]);
    expect(loki({ name: "own" })).toEqual([]);
    expect(loki({ labels: { team: "ops" } })).toHaveLength(1);
    expect(ownAccount(loki({})[0]!, undefined)).toBe(false);
  });

  it("are accounts that the charts make, with annotations where the chart reads them", () => {
    const all = [
      ...asked({ logs: { loki: { objects: { s3: bucket } } }, traces: { tempo: { objects: { s3: bucket } } }, ...proof({ route53: { region: "eu-west-1" } }) }),
    ];
    expect(all.map(({ addon }) => addon).sort()).toEqual(["cert-manager", "loki", "tempo"]);
    expect(all.map(({ addon }) => addon).sort()).toEqual(withAccess);
    for (const { addon, serviceAccount, annotations } of all) {
      const outline = Object.values(addons[addon]!.lock!.charts).flatMap((chart) => chart.outline);
      expect(outline).toContainEqual(expect.objectContaining({ kind: "ServiceAccount", name: serviceAccount, namespace: "@" }));
      expect(annotations).toEqual(["serviceAccount", "annotations"]);
    }
  });
});

it("come to the cluster before it is made", async () => {
  const { existing } = clusters;
  const real = await existing!.load();
  let seen: ClusterContext | undefined;
  const create: ClusterModule["create"] = (config, context) => {
    seen = context;
    return real.create(config, context);
  };
  vi.spyOn(existing!, "load").mockResolvedValueOnce({ create });
  await recordPlatform({ logs: { loki: { objects: { s3: bucket } } } });
  expect(seen?.access?.map(({ addon, serviceAccount, namespace }) => [addon, serviceAccount, namespace])).toEqual([["loki", "loki", "loki"]]);
});

describe("accounts of clusters that know identities by annotation", () => {
  const values = async (platform: Record<string, unknown>): Promise<any> => {
    const { config, resolved } = platformStack(platform);
    const resources = await recordProgram(async () => {
      const component = new ClusterComponent("test");
      const provider = new Provider("cluster", {}, { parent: component });
      const annotations = ({ serviceAccount }: AccessRequest) => ({ role: output(`role of ${serviceAccount}`) });
      const facts = output({ kind: "test", context: "test", identifier: "test" });
      const cluster: ClusterHandle = { component, provider, kubeconfig: output(""), facts, ready: [], ports: {}, annotations };
      await createPlatform({ config, platform: config.platform!, resolved: resolved!, cluster, charts: {} });
    });
    return one(resources, "Release", "loki").inputs.values;
  };

  it("carry what the cluster says, beside what the add-on says", async () => {
    expect((await values({ logs: { loki: { objects: { s3: bucket }, values: { serviceAccount: { labels: { team: "ops" } } } } } })).serviceAccount).toEqual({
      automountServiceAccountToken: false,
      annotations: { role: "role of loki" },
      labels: { team: "ops" },
    });
  });

  it("carry nothing where the add-on has keys", async () => {
    const s3 = { ...bucket, existingSecret: "keys" };
    expect((await values({ logs: { loki: { objects: { s3 } } } })).serviceAccount).toEqual({ automountServiceAccountToken: false });
  });
});

describe("docs/identities.md", () => {
  it("shows every add-on that relies on an identity, and every kind of need", () => {
    const shown = examples.map(({ addon, config }) => ({ addon, access: accessOf(addon, config) }));
    expect(shown.filter(({ access }) => access.length !== 1)).toEqual([]);
    expect([...new Set(shown.map(({ addon }) => addon))].sort()).toEqual(withAccess);
    const kindsShown = new Set(everyKind.map(({ cloud, kind }) => `${cloud} ${kind}`));
    for (const { access } of shown) for (const { cloud, kind } of access.flatMap(({ needs: of }) => of)) expect(kindsShown).toContain(`${cloud} ${kind}`);
  });

  it("names each wildcard with its reason, and there is no other", () => {
    const page = readFileSync(join(__dirname, "../docs/identities.md"), "utf8");
    const place = { partition: "aws", region: "eu-west-1", account: "123456789012", cluster: "CLUSTER" };
    const wide = everyKind.flatMap((need) =>
      need.cloud === "aws"
        ? accessPolicy([need], place).Statement.flatMap(({ Action, Resource }) =>
            Resource.filter((one) => /[*?]/.test(one)).map((one) => `${one} ${Action.join()}`),
          )
        : grantsOf(need).flatMap((grant) => (grant.on === "project" ? [`project ${grant.role.permissions.join()}`] : [])),
    );
    expect([...new Set(wide)].sort()).toEqual([
      expect.stringMatching(/^\* autoscaling:Describe.*ec2:GetInstanceTypesFromInstanceRequirements$/),
      "* route53:ListHostedZones",
      expect.stringMatching(/^arn:aws:autoscaling:.*:autoScalingGroupName\/\* autoscaling:SetDesiredCapacity/),
      "arn:aws:eks:eu-west-1:123456789012:nodegroup/CLUSTER/* eks:DescribeNodegroup",
      "arn:aws:route53:::change/* route53:GetChange",
      "arn:aws:s3:::bucket/* s3:GetObject",
      "arn:aws:s3:::bucket/* s3:GetObject,s3:PutObject,s3:DeleteObject",
      expect.stringMatching(/^arn:aws:secretsmanager:eu-west-1:123456789012:secret:NAME-\?{6} secretsmanager:/),
      "project dns.managedZones.list",
    ]);
    const table = page.slice(page.indexOf("## No wildcard, but"), page.indexOf("## Your own identity"));
    for (const resource of [
      "`*` for `ListHostedZones`",
      "`*` to describe groups and machines",
      "`autoScalingGroupName/*`",
      "`nodegroup/CLUSTER/*`",
      "`arn:aws:route53:::change/*`",
      "`arn:aws:s3:::bucket/*`",
      "`secret:NAME-??????`",
      "the project, to list DNS zones",
    ])
      expect(table).toContain(`| ${resource} `);
  });
});
