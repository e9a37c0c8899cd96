import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { testSandbox, type TestSandbox } from "../sandbox/runner/testing/sandbox";
import { Programs, type Answer } from "./programs";

// `bear leftovers` as one calls it, with stand-ins for the clouds' programs: no cloud is behind them.

const root = join(__dirname, "..");
let folder: string;
let programs: Programs;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bear-left-"));
  programs = new Programs();
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  programs.remove();
});

interface Run {
  code: number;
  out: string;
  err: string;
}

function leftovers(cluster: object, ...args: string[]): Promise<Run> {
  writeFileSync(join(folder, "Pulumi.prod.yaml"), JSON.stringify({ config: { "bearstack:cluster": cluster } }));
  const { AWS_SESSION_TOKEN: _token, AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _key, ...env } = process.env;
  return new Promise((resolve) =>
    execFile(
      process.execPath,
      [join(root, "scripts", "bear.mjs"), "leftovers", "-s", "prod", ...args],
      { cwd: folder, env: { ...env, PATH: programs.folder } },
      (error, out, err) => resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err }),
    ),
  );
}

const ROLE = "arn:aws:iam::123456789012:role/deploy";
const eks = { region: "eu-west-1", admins: [ROLE], buckets: { "acme-logs": {} } };
const gke = { project: "acme-prod", region: "europe-west1" };
const GET = "resourcegroupstaggingapi get-resources --tag-filters";
const none = { ResourceTagMappingList: [] };
const volume = {
  ResourceARN: "arn:aws:ec2:eu-west-1:123456789012:volume/vol-0a1b",
  Tags: [
    { Key: "kubernetes.io/created-for/pvc/name", Value: "data-0" },
    { Key: "kubernetes.io/created-for/pvc/namespace", Value: "prometheus" },
  ],
};

/** What AWS says after a destroy. The first words that fit count, so what a test says comes first, and counts. */
const aws = (more: Record<string, Answer> = {}): Record<string, Answer> => ({
  ...more,
  "sts get-caller-identity": { says: { Account: "123456789012", Arn: ROLE, UserId: "AIDA" } },
  "eks list-clusters": { says: { clusters: ["other"] } },
  [`${GET} Key=kubernetes.io/cluster/prod,Values=owned`]: { says: { ResourceTagMappingList: [volume] } },
  [`${GET} Key=bearstack.dev/stack,Values=prod`]: { says: { ResourceTagMappingList: [{ ResourceARN: "arn:aws:s3:::acme-logs", Tags: [] }] } },
  [GET]: { says: none },
  "logs describe-log-groups": { says: { logGroups: [] } },
  ...more,
});

/** What Google Cloud says after a destroy. */
const google = (more: Record<string, Answer> = {}): Record<string, Answer> => ({
  ...more,
  "container clusters list": { says: [] },
  "compute disks list": {
    says: [
      {
        name: "pvc-1",
        zone: "https://www.googleapis.com/compute/v1/projects/acme-prod/zones/europe-west1-b",
        labels: { "goog-k8s-cluster-name": "prod", "goog-k8s-cluster-location": "europe-west1", "goog-gke-volume": "" },
      },
    ],
    warns: "WARNING: The following filter keys were not present in any resource : labels.goog-k8s-cluster-name\n",
  },
  compute: { says: [] },
  ...more,
});

describe("after a destroy", () => {
  it("lists what is left in AWS, with its commands, and says that the cluster is gone", async () => {
    programs.stand("aws", aws());
    const { code, out, err } = await leftovers({ eks });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toBe(
      [
        "There is no cluster prod in eu-west-1 (account 123456789012, eu-west-1).",
        "",
        "In account 123456789012, eu-west-1:",
        "KIND    NAME       FOR                WHY",
        "volume  vol-0a1b   prometheus/data-0  made for the cluster, with data on it",
        "bucket  acme-logs  -                  kept on purpose (bearstack:platform.data: keep)",
        "",
        "Nothing was removed. Each of these removes one of them, for good; take those that you do not want to keep:",
        "  aws ec2 delete-volume --volume-id vol-0a1b --region eu-west-1",
        "  aws s3api delete-bucket --bucket acme-logs --region eu-west-1",
        "",
      ].join("\n"),
    );
    // Nothing but questions, each once.
    expect(programs.calls.map((call) => call.split(" --")[0]).sort()).toEqual(
      [
        "aws eks list-clusters",
        "aws logs describe-log-groups",
        ...Array.from({ length: 6 }, () => "aws resourcegroupstaggingapi get-resources"),
        "aws sts get-caller-identity",
      ].sort(),
    );
  });

  it("asks as the role of the config, and shows nothing of its credentials", async () => {
    const Credentials = { AccessKeyId: "canary-id", SecretAccessKey: "canary-key", SessionToken: "canary-session" };
    programs.stand("aws", aws({ "sts assume-role": { says: { Credentials } } }));
    const { code, out, err } = await leftovers({ eks: { ...eks, roleArn: ROLE } }, "--json");
    expect(code).toBe(0);
    expect(programs.calls.slice(1).every((call) => call.endsWith(" as canary-id/canary-key/canary-session"))).toBe(true);
    expect(out + err).not.toContain("canary");
    expect(JSON.parse(out)).toEqual({
      stack: "prod",
      leftovers: [],
      cloud: {
        where: "account 123456789012, eu-west-1",
        cluster: { name: "prod in eu-west-1", state: "gone" },
        things: [
          expect.objectContaining({
            kind: "volume",
            reason: "data",
            remove: ["aws", "ec2", "delete-volume", "--volume-id", "vol-0a1b", "--region", "eu-west-1"],
          }),
          expect.objectContaining({ kind: "bucket", name: "acme-logs", reason: "kept" }),
        ],
      },
      unanswered: [],
    });
  });

  it("lists what is left in Google Cloud, and is not put off by a warning that says nothing", async () => {
    programs.stand("gcloud", google());
    const { code, out, err } = await leftovers({ gke });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("There is no cluster prod in europe-west1 (project acme-prod).");
    expect(out).toContain("disk  pvc-1 (europe-west1-b)  -    made for the cluster, with data on it");
    expect(out).toContain("\n  gcloud compute disks delete pvc-1 --zone europe-west1-b --project acme-prod\n");
    expect(programs.calls.every((call) => /^gcloud (compute|container) \S+ list /.test(call))).toBe(true);
  });

  it("says that nothing is left only where everything was asked", async () => {
    programs.stand("gcloud", google({ "compute disks list": { says: [] } }));
    expect(await leftovers({ gke })).toMatchObject({ code: 0, out: expect.stringContaining("Nothing is left in project acme-prod.\n") });
  });
});

describe("what could not be asked", () => {
  const denied = (action: string): Answer => ({
    fails: `\nAn error occurred (AccessDeniedException) when calling the X operation: User: ${ROLE} is not authorized to perform: ${action}\n`,
    code: 254,
  });

  it("is told, and the rest is listed all the same", async () => {
    programs.stand(
      "aws",
      aws({ [`${GET} Key=elbv2.k8s.aws/cluster`]: denied("tag:GetResources"), "logs describe-log-groups": denied("logs:DescribeLogGroups") }),
    );
    const { code, out, err } = await leftovers({ eks });
    expect(code).toBe(1);
    expect(out).toContain("vol-0a1b");
    expect(err).toMatch(
      /not asked: balancers of the AWS Load Balancer Controller \(tag elbv2\.k8s\.aws\/cluster\)\n.*not authorized to perform: tag:GetResources\n {2}→ Give who/,
    );
    expect(err).toMatch(/not asked: log groups\n.*logs:DescribeLogGroups/);
    const { unanswered } = JSON.parse((await leftovers({ eks }, "--json")).out) as { unanswered: { about: string }[] };
    expect(unanswered).toHaveLength(2);
  });

  it("is no empty list where gcloud was refused and ends well", async () => {
    const refused = { says: [], warns: "WARNING: Some requests did not succeed.\n - Required 'compute.disks.list' permission for 'projects/acme-prod'\n\n" };
    const account: Answer = { says: "ci@acme-prod.iam.gserviceaccount.com" };
    programs.stand("gcloud", google({ "compute disks list": refused, "config get-value account": account }));
    const { code, out, err } = await leftovers({ gke });
    expect(code).toBe(1);
    expect(out).not.toContain("Nothing is left");
    expect(out).toContain("Nothing was found in project acme-prod, but not everything could be asked.");
    expect(err).toContain(
      "not asked: disks\n  gcloud compute disks list: Some requests did not succeed. Required 'compute.disks.list' permission for 'projects/acme-prod'\n  → Give ci@acme-prod.iam.gserviceaccount.com that right in acme-prod",
    );
  });

  it.each<[string, object, RegExp]>([
    ["eks", { eks }, /not asked: what is in the cloud; what is in the cluster\n {2}aws is not on PATH\.\n {2}→ Install the AWS CLI \([^)]*\)\.\n/],
    [
      "gke",
      { gke },
      /not asked: whether the cluster is there; forwarding rules; .*\n {2}gcloud is not on PATH\.\n {2}→ Install the Google Cloud CLI \([^)]*\)\.\n/,
    ],
  ])("is said once where the program of %s is missing", async (_kind, cluster, message) => {
    const { code, out, err } = await leftovers(cluster);
    expect(code).toBe(1);
    expect(out).not.toContain("Nothing is left");
    expect(err).toMatch(message);
  });

  it("says that nobody is logged in, and does not take another account for this one", async () => {
    const locate = { fails: 'Unable to locate credentials. You can configure credentials by running "aws configure".\n', code: 255 };
    programs.stand("aws", { sts: locate, eks: locate });
    expect((await leftovers({ eks })).err).toMatch(/Unable to locate credentials.*\n {2}→ Log in: "aws sso login"/);
    programs.stand("aws", aws());
    const other = await leftovers({ eks: { ...eks, account: "210987654321" } });
    expect(other.code).toBe(1);
    expect(other.out).not.toMatch(/no cluster|vol-0a1b/);
    expect(other.err).toMatch(/credentials at hand are of the account 123456789012\.\n {2}→ Log in to 210987654321/);
  });

  it("includes a cluster that is there and does not answer", async () => {
    const described = { cluster: { arn: "arn:aws:eks:eu-west-1:123456789012:cluster/prod", status: "UPDATING" } };
    programs.stand("aws", aws({ "eks list-clusters": { says: { clusters: ["prod"] } }, "eks describe-cluster": { says: described } }));
    const { code, out, err } = await leftovers({ eks });
    expect(code).toBe(1);
    expect(out).not.toContain("There is no cluster");
    expect(out).toContain("vol-0a1b");
    expect(err).toContain("not asked: what is in the cluster\n  The cluster prod in eu-west-1 has no address yet: it is UPDATING.");
  });
});

describe("while the cluster is there", () => {
  let sandbox: TestSandbox;
  beforeAll(async () => void (sandbox = await testSandbox()), 1_800_000); // an empty cache means building the control plane
  afterAll(() => sandbox?.stop(), 60_000);

  it("lists both", async () => {
    programs.stand("aws", aws({ "eks list-clusters": { says: { clusters: ["prod"] } } }));
    const { code, out, err } = await leftovers({ eks }, "--kubeconfig", sandbox.kubeconfig);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^Nothing of prod is left in the cluster\.\n\nIn account 123456789012, eu-west-1:\n/);
    expect(out).toContain("vol-0a1b");
  });
});
