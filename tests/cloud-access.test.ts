import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { parse, stringify } from "yaml";
import { listReleases, run, withKubeconfig } from "../cli/cluster-access";
import { kubeconfig as eksAccess } from "../components/clusters/eks/access";
import { EksConfig } from "../components/clusters/eks/schema";
import { eksIdentifier } from "../components/clusters/eks/settings";
import { kubeconfig as gkeAccess } from "../components/clusters/gke/access";
import { clusterIdentity } from "../components/clusters/gke/facts";
import { GkeConfig } from "../components/clusters/gke/schema";
import { kubeconfig as referenceAccess } from "../components/clusters/reference/access";
import { ReferenceConfig } from "../components/clusters/reference/schema";
import { testSandbox, type TestSandbox } from "../sandbox/runner/testing/sandbox";
import { ensureTool } from "../sandbox/tools";
import { checkStackOrThrow } from "../stacks/check";
import { parseStackText } from "../stacks/stack-file";
import { Programs, type Answer } from "./programs";

const ROLE = "arn:aws:iam::123456789012:role/deploy";
const HOST = "gke-0a1b.europe-west1.gke.goog";
const eksPlace = { region: "eu-west-1", admins: [ROLE] };
const gkePlace = { project: "acme-prod", region: "europe-west1" };
const eks = (more: object = {}): EksConfig => EksConfig.parse({ ...eksPlace, ...more });
const gke = (more: object = {}): GkeConfig => GkeConfig.parse({ ...gkePlace, ...more });

let programs: Programs;
beforeEach(() => {
  programs = new Programs();
  vi.stubEnv("PATH", programs.folder);
  for (const name of ["AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  programs.remove();
});

const described = (more: object = {}): Answer => ({
  says: {
    cluster: {
      arn: "arn:aws:eks:eu-west-1:123456789012:cluster/prod",
      status: "ACTIVE",
      endpoint: "https://0A1B.gr7.eu-west-1.eks.amazonaws.com",
      certificateAuthority: { data: "Q0E=" },
      ...more,
    },
  },
});
const DESCRIBE_EKS = "aws eks describe-cluster --name prod --region eu-west-1 --output json";

describe("the kubeconfig of EKS", () => {
  it("is the one of the program, from what the AWS CLI tells", async () => {
    programs.stand("aws", { "eks describe-cluster": described() });
    const { kubeconfig, context, identifier } = await eksAccess(eks(), "prod");
    expect(programs.calls).toEqual([DESCRIBE_EKS]);
    expect(parse(kubeconfig)).toMatchObject({
      clusters: [{ cluster: { server: "https://0A1B.gr7.eu-west-1.eks.amazonaws.com", "certificate-authority-data": "Q0E=" } }],
      users: [{ user: { exec: { command: "aws", args: ["eks", "get-token", "--cluster-name", "prod", "--region", "eu-west-1", "--output", "json"] } } }],
    });
    expect({ context, identifier }).toEqual({ context: "prod", identifier: eksIdentifier(eks(), "prod") });
  });

  it("is asked for as the role of the config, whose credentials go nowhere else", async () => {
    const Credentials = { AccessKeyId: "canary-id", SecretAccessKey: "canary-key", SessionToken: "canary-session" };
    programs.stand("aws", { "sts assume-role": { says: { Credentials } }, "eks describe-cluster": described() });
    const { kubeconfig } = await eksAccess(eks({ roleArn: ROLE }), "prod");
    expect(programs.calls).toEqual([
      `aws sts assume-role --role-arn ${ROLE} --role-session-name bearstack --region eu-west-1 --output json`,
      `${DESCRIBE_EKS} as canary-id/canary-key/canary-session`,
    ]);
    expect((parse(kubeconfig) as { users: [{ user: { exec: { args: string[] } } }] }).users[0].user.exec.args.slice(-2)).toEqual(["--role-arn", ROLE]);
    expect(kubeconfig + JSON.stringify(process.env)).not.toContain("canary");
  });

  const failed = (code: string, operation: string, message: string): Answer => ({
    fails: `\nAn error occurred (${code}) when calling the ${operation} operation: ${message}\n`,
    code: 254,
  });
  const who = "User: arn:aws:sts::123456789012:assumed-role/ci/run is not authorized to perform:";
  it.each<[string, object, Record<string, Answer>, string, string]>([
    [
      "it may not look at the cluster",
      {},
      { "eks describe-cluster": failed("AccessDeniedException", "DescribeCluster", `${who} eks:DescribeCluster on resource: prod`) },
      "assumed-role/ci/run is not authorized to perform: eks:DescribeCluster",
      "eks:DescribeCluster on the cluster, and an access entry",
    ],
    [
      "it may not assume the role",
      { roleArn: ROLE },
      { "sts assume-role": failed("AccessDenied", "AssumeRole", `${who} sts:AssumeRole on resource: ${ROLE}`) },
      "assumed-role/ci/run is not authorized to perform: sts:AssumeRole",
      "Let who is named above assume it",
    ],
    [
      "there is no such cluster",
      {},
      { "eks describe-cluster": failed("ResourceNotFoundException", "DescribeCluster", "No cluster found for name: prod.") },
      "No cluster found for name: prod.",
      "Run pulumi up first, or log in to the account that has prod in eu-west-1",
    ],
    [
      "nobody is logged in",
      {},
      { "eks describe-cluster": { fails: 'Unable to locate credentials. You can configure credentials by running "aws configure".\n', code: 255 } },
      "aws eks describe-cluster: Unable to locate credentials.",
      'Log in: "aws sso login"',
    ],
    ["another account", { account: "210987654321" }, { "eks describe-cluster": described() }, "of the account 123456789012", "Log in to 210987654321"],
    [
      "it is being made",
      {},
      { "eks describe-cluster": described({ status: "CREATING", endpoint: undefined, certificateAuthority: {} }) },
      "no address yet: it is CREATING",
      "Wait until pulumi up is through",
    ],
  ])("says what is wrong and what to do: %s", async (_what, more, answers, problem, fix) => {
    programs.stand("aws", answers);
    const error = (await eksAccess(eks(more), "prod").catch((thrown: unknown) => thrown)) as { problem: string; fix: string };
    expect(error.problem).toContain(problem);
    expect(error.fix).toContain(fix);
  });

  it("says which program is missing", async () => {
    await expect(eksAccess(eks(), "prod")).rejects.toThrow(/^aws is not on PATH\.\n {2}→ Install the AWS CLI .*--kubeconfig\.$/);
  });
});

const DESCRIBE_GKE = "gcloud container clusters describe prod --location europe-west1 --project acme-prod --format json(status,controlPlaneEndpointsConfig)";
const endpoints = (endpoint = HOST, allowExternalTraffic = true): Answer => ({
  says: { status: "RUNNING", controlPlaneEndpointsConfig: { dnsEndpointConfig: { endpoint, allowExternalTraffic } } },
});

describe("the kubeconfig of GKE", () => {
  it("is the one of the program, from what gcloud tells", async () => {
    programs.stand("gcloud", { "container clusters describe": endpoints() });
    programs.stand("gke-gcloud-auth-plugin", {});
    const { kubeconfig, context, identifier } = await gkeAccess(gke({ name: "prod" }), "test");
    expect(programs.calls).toEqual([DESCRIBE_GKE]);
    expect(parse(kubeconfig)).toMatchObject({
      clusters: [{ cluster: { server: `https://${HOST}` } }],
      users: [{ user: { exec: { command: "gke-gcloud-auth-plugin" } } }],
    });
    expect({ context, identifier }).toEqual({ context: "prod", identifier: clusterIdentity(gke({ name: "prod" }), "test") });
  });

  const failed = (text: string): Answer => ({ fails: `ERROR: (gcloud.container.clusters.describe) ${text}\n`, code: 1 });
  it.each<[string, Answer, string, string]>([
    [
      "it may not look at the cluster",
      failed('ResponseError: code=403, message=Required "container.clusters.get" permission(s) for "projects/acme-prod/locations/europe-west1/clusters/prod".'),
      'Required "container.clusters.get" permission(s)',
      "Give ci@acme-prod.iam.gserviceaccount.com container.clusters.get and container.clusters.connect in acme-prod",
    ],
    [
      "there is no such cluster",
      failed("ResponseError: code=404, message=Not found: projects/acme-prod/locations/europe-west1/clusters/prod."),
      "code=404",
      "Run pulumi up first, or see whether acme-prod has a cluster prod in europe-west1",
    ],
    [
      "nobody is logged in",
      failed("You do not currently have an active account selected.\nPlease run:\n\n  $ gcloud auth login\n\nto obtain new credentials."),
      "gcloud container clusters describe prod: (gcloud.container.clusters.describe) You do not currently have an active account selected.",
      'Log in: "gcloud auth login"',
    ],
    ["it is being made", { says: { status: "PROVISIONING" } }, "no DNS end point yet: it is PROVISIONING", "Wait until pulumi up is through"],
    ["its end point is closed", endpoints(HOST, false), "takes no traffic from outside", "run pulumi up"],
  ])("says what is wrong and what to do: %s", async (_what, answer, problem, fix) => {
    programs.stand("gcloud", { "container clusters describe": answer, "config get-value account": { says: "ci@acme-prod.iam.gserviceaccount.com" } });
    const error = (await gkeAccess(gke(), "prod").catch((thrown: unknown) => thrown)) as { problem: string; fix: string };
    expect(error.problem).toContain(problem);
    expect(error.fix).toContain(fix);
  });

  it("says which program is missing, the one that logs in too", async () => {
    await expect(gkeAccess(gke(), "prod")).rejects.toThrow(/^gcloud is not on PATH\.\n {2}→ Install the Google Cloud CLI .*--kubeconfig\.$/);
    programs.stand("gcloud", { "container clusters describe": endpoints() });
    await expect(gkeAccess(gke(), "prod")).rejects.toThrow(/^gke-gcloud-auth-plugin is not on PATH\.\n {2}→ Install gke-gcloud-auth-plugin: gcloud components/);
  });
});

describe("the kubeconfig of another stack", () => {
  const STACK = "acme/bearstack/cluster-prod";
  const config = (more: object = {}) => ReferenceConfig.parse({ stack: STACK, ...more });
  const text = stringify({
    "current-context": "other",
    contexts: ["other", "prod"].map((name) => ({ name, context: { cluster: "c", user: "u" } })),
    clusters: [{ name: "c", cluster: { server: "https://api.example.com" } }],
  });
  const cluster = { kind: "k3s", context: "prod", identifier: "0123" };

  it("is among its outputs, cut down to the context that it names", async () => {
    programs.stand("pulumi", { "stack output": { says: { kubeconfig: text, cluster } } });
    expect(await referenceAccess(config())).toMatchObject({ context: "prod" });
    expect(await referenceAccess(config({ context: "other" }))).toMatchObject({ context: "other" });
    expect(new Set(programs.calls)).toEqual(new Set([`pulumi stack output --json --show-secrets --non-interactive --stack ${STACK}`]));
    programs.stand("pulumi", { "stack output": { says: { kubeconfig: parse(text) as unknown } } });
    expect(await referenceAccess(config())).toMatchObject({ context: "other" });
  });

  it.each([
    ["error: no stack named 'cluster-prod' found", "Correct bearstack:cluster.reference.stack"],
    ["error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables", `the passphrase of ${STACK}`],
    ["error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions", 'Run "pulumi login"'],
  ])("says what to do: %s", async (said, fix) => {
    programs.stand("pulumi", { "stack output": { fails: `${said}\n`, code: 255 } });
    const error = (await referenceAccess(config()).catch((thrown: unknown) => thrown)) as { problem: string; fix: string };
    expect(error.problem).toBe(`pulumi stack output: ${said}`);
    expect(error.fix).toContain(fix);
  });

  it("says that the other stack has none yet", async () => {
    programs.stand("pulumi", { "stack output": { says: {} } });
    await expect(referenceAccess(config())).rejects.toThrow(/that stack has no output "kubeconfig"\.\n {2}→ Run "pulumi up" there first/);
  });
});

describe("commands that look into a cluster of a cloud", () => {
  let sandbox: TestSandbox;
  let kubectl: string;
  beforeAll(async () => {
    sandbox = await testSandbox();
    kubectl = await ensureTool("kubectl", () => undefined);
  }, 1_800_000); // an empty cache means building the control plane
  afterAll(() => sandbox?.stop());

  interface Config {
    clusters: [{ cluster: { server: string; "certificate-authority-data": string } }];
    users: [{ user: { "client-certificate-data": string; "client-key-data": string } }];
  }
  const pem = (base64: string): string => Buffer.from(base64, "base64").toString();
  const login = (): { server: string; authority: string; credential: Answer } => {
    const { clusters, users } = parse(readFileSync(sandbox.kubeconfig, "utf8")) as Config;
    const { user } = users[0];
    const status = { clientCertificateData: pem(user["client-certificate-data"]), clientKeyData: pem(user["client-key-data"]) };
    return {
      server: clusters[0].cluster.server,
      authority: clusters[0].cluster["certificate-authority-data"],
      credential: { says: { apiVersion: "client.authentication.k8s.io/v1beta1", kind: "ExecCredential", status } },
    };
  };

  /** As `verify`, `recover` and `leftovers` do: Helm and kubectl, with the stack's own kubeconfig. */
  const look = (cluster: object): Promise<[unknown, string]> => {
    const checked = checkStackOrThrow(parseStackText(stringify({ config: { "bearstack:cluster": cluster } }), "prod", "Pulumi.prod.yaml"));
    return withKubeconfig(checked, undefined, async (path) => {
      const { stdout, stderr } = await run(kubectl, ["get", "namespace", "kube-system", "--output", "name"], { env: { KUBECONFIG: path } });
      return [await listReleases(sandbox.helm, path), stdout + stderr];
    });
  };

  it("reach an API server through the AWS CLI", async () => {
    const { server, authority, credential } = login();
    const place = { endpoint: server, certificateAuthority: { data: authority } };
    programs.stand("aws", { "eks describe-cluster": described(place), "eks get-token --cluster-name prod": credential });
    expect(await look({ eks: eksPlace })).toEqual([[], "namespace/kube-system\n"]);
    expect(new Set(programs.calls)).toEqual(new Set([DESCRIBE_EKS, "aws eks get-token --cluster-name prod --region eu-west-1 --output json"]));
  });

  it("reach an API server through gcloud and its plugin", async () => {
    const { server, authority, credential } = login();
    // The DNS end point has a certificate that everybody trusts; here it is the sandbox's that they shall trust.
    const roots = join(programs.folder, "roots.pem");
    writeFileSync(roots, pem(authority));
    vi.stubEnv("SSL_CERT_FILE", roots);
    programs.stand("gcloud", { "container clusters describe": endpoints(server.replace("https://", "")) });
    programs.stand("gke-gcloud-auth-plugin", { "": credential });
    expect(await look({ gke: gkePlace })).toEqual([[], "namespace/kube-system\n"]);
    expect(new Set(programs.calls)).toEqual(new Set([DESCRIBE_GKE, "gke-gcloud-auth-plugin "]));
  });
});
