import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasPulumi } from "./project";

const root = join(__dirname, "..", "..");
const CANARY = "canary-3d71-do-not-leak";
const OTHER = "organization/bearstack/cluster";

/** Nobody answers there: previews of a first run do without. */
const kubeconfig = (token: string): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "c",
    clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    users: [{ name: "u", user: { token } }],
  });

interface Ran {
  code: number | null;
  text: string;
}

describe.skipIf(!hasPulumi)("the real engine, cluster and platform in two stacks", () => {
  const folder = mkdtempSync(join(tmpdir(), "bearstack-reference-"));
  const pulumi = (args: string[], input = ""): Ran => {
    const env = {
      ...process.env,
      PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "reference",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      NO_COLOR: "1",
    };
    const { status, stdout, stderr } = spawnSync("pulumi", [...args, "--non-interactive"], { cwd: folder, env, input, encoding: "utf8", maxBuffer: 1 << 26 });
    return { code: status, text: stdout + stderr };
  };
  const done = (args: string[], input?: string): string => {
    const { code, text } = pulumi(args, input);
    if (code !== 0) throw new Error(text);
    return text;
  };
  const configure = (stack: string, lines: string): void => {
    const file = join(folder, `Pulumi.${stack}.yaml`);
    const salt = /^encryptionsalt: .*\n/m.exec(readFileSync(file, "utf8"))?.[0] ?? "";
    writeFileSync(file, `${salt}config:\n  pulumi:disable-default-providers: [kubernetes]\n${lines}`);
  };
  const credential = (token: string): string =>
    done(["config", "set", "--secret", "--path", "bearstack:cluster.existing.inline", "-s", "cluster"], kubeconfig(token));
  const state = (): { type: string; inputs?: Record<string, unknown> }[] =>
    (JSON.parse(done(["stack", "export", "-s", "platform"])) as { deployment: { resources?: { type: string; inputs?: Record<string, unknown> }[] } }).deployment
      .resources ?? [];
  const providerOf = (): Record<string, unknown> | undefined => state().find(({ type }) => type === "pulumi:providers:kubernetes")?.inputs;

  beforeAll(() => {
    for (const name of ["dist", "node_modules", "scripts", "package.json"]) symlinkSync(join(root, name), join(folder, name));
    cpSync(join(root, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
    mkdirSync(join(folder, "state"));
    for (const stack of ["cluster", "platform"]) done(["stack", "init", stack]);
    configure("cluster", "  bearstack:cluster: { existing: { networkPolicies: true } }\n");
    credential(CANARY);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("a platform that comes before its cluster is told so", () => {
    configure("platform", `  bearstack:cluster: { reference: { stack: ${OTHER}, networkPolicies: true } }\n`);
    const { code, text } = pulumi(["preview", "-s", "platform"]);
    expect(code).not.toBe(0);
    expect(text).toContain('that stack has no output "kubeconfig"');
    expect(text).toContain(`pulumi up -s ${OTHER}`);
    expect(text).not.toMatch(/^ {4}at /m);
  });

  it("the cluster's stack says which cluster it is, and keeps how to get in to itself", () => {
    done(["up", "--yes", "--skip-preview", "-s", "cluster"]);
    const outputs = JSON.parse(done(["stack", "output", "--json", "-s", "cluster"])) as Record<string, unknown>;
    expect(outputs).toEqual({ kubeconfig: "[secret]", cluster: { kind: "existing", context: "c", identifier: expect.stringMatching(/^[0-9a-f]{32}$/) } });
  });

  it("the platform's first preview knows the cluster, and shows no secret of it", () => {
    configure(
      "platform",
      `  bearstack:cluster: { reference: { stack: ${OTHER}, networkPolicies: true } }\n  bearstack:tenants: { payments: { namespaces: [api] } }\n`,
    );
    const { code, text } = pulumi(["preview", "--json", "-s", "platform"]);
    expect(code, text).toBe(0);
    const { steps } = JSON.parse(text.slice(text.indexOf("{"))) as { steps: { op: string; newState?: { type: string; inputs?: Record<string, unknown> } }[] };
    const { identifier } = (JSON.parse(done(["stack", "output", "--json", "-s", "cluster"])) as { cluster: { identifier: string } }).cluster;
    const provider = steps.find(({ newState }) => newState?.type === "pulumi:providers:kubernetes")!;
    expect(provider.newState!.inputs).toMatchObject({ clusterIdentifier: identifier, context: "c" });
    expect(steps.filter(({ newState }) => newState?.type === "kubernetes:core/v1:Namespace").map(({ op }) => op)).toEqual(["create"]);
    expect(text).not.toContain(CANARY);
  });

  it("new credentials over there are an update of the provider here, and a second run changes nothing", () => {
    configure("platform", `  bearstack:cluster: { reference: { stack: ${OTHER}, networkPolicies: true } }\n`);
    done(["up", "--yes", "--skip-preview", "-s", "platform"]);
    const before = providerOf()!;
    done(["preview", "--expect-no-changes", "-s", "platform"]);

    credential(`${CANARY}-renewed`);
    done(["up", "--yes", "--skip-preview", "-s", "cluster"]);
    const preview = pulumi(["preview", "--json", "-s", "platform"]);
    const { steps } = JSON.parse(preview.text.slice(preview.text.indexOf("{"))) as { steps: { op: string; urn: string }[] };
    expect(steps.filter(({ urn }) => urn.includes("pulumi:providers:kubernetes")).map(({ op }) => op)).toEqual(["update"]);

    done(["up", "--yes", "--skip-preview", "-s", "platform"]);
    expect(providerOf()!.clusterIdentifier).toBe(before.clusterIdentifier);
    expect(JSON.stringify(providerOf()!.kubeconfig)).not.toBe(JSON.stringify(before.kubeconfig));
    expect(JSON.stringify(state())).not.toContain(CANARY);
  });
});
