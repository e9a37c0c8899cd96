import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isSecret, type Output } from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fieldsOf as documentedFields } from "../cli/internal/docs/slots";
import { addons } from "../components/addons/registry";
import { kubeconfig } from "../components/clusters/existing/access";
import { ExistingConfig } from "../components/clusters/existing/schema";
import { clusters } from "../components/clusters/registry";
import { ConfigError } from "../components/core/errors";
import { Secret } from "../components/core/secret";
import { recordProgram, type RecordedResource } from "../sandbox/runner/record";
import { checkStack, checkStackOrThrow } from "../stacks/check";
import { deploy } from "../stacks/program";
import { parseStackText } from "../stacks/stack-file";
import { stringify } from "yaml";
import { canaries, canaryOf, fieldOf, fieldsOf, plant, plantedStack, Search, secretFields, valueOf } from "./canaries";
import { inlineCluster, platformStacks, secretStacks, shootStack, wholePlatform, type StackFile } from "./full-stacks";

const root = join(__dirname, "..");
const fields = secretFields();

describe("the canary stacks", () => {
  test("between them set every secret field of every schema, and nothing else", () => {
    process.stdout.write(`secret fields: ${fields.length}, canary stacks: ${secretStacks.length}\n`);
    const how = "Set a new secret field in tests/full-stacks.ts, and say in tests/canary.sandbox.test.ts which Secret it is meant for.";
    expect([...new Set(secretStacks.flatMap(fieldsOf))].sort(), how).toEqual(fields);
  });

  test("know the same secret fields as the reference docs, which find them another way", () => {
    const documented = Object.values(addons).flatMap(({ name, schema }) =>
      documentedFields(schema).flatMap((field) => (field.type === "secret" ? [`${name}.${field.path}`] : [])),
    );
    expect(documented.length).toBeGreaterThan(10);
    expect([...new Set(documented)].sort()).toEqual(fields.filter((field) => !field.startsWith("cluster ")));
  });

  test("a canary is found in clear, encoded, and inside something encoded", () => {
    const search = new Search({ it: "canary0123" });
    for (const before of ["", "a", "ab", "abc"]) {
      const text = Buffer.from(`${before}canary0123 and more`);
      for (const form of ["utf8", "hex", "base64", "base64url"] as const) expect(search.in(text.toString(form)), `${before} ${form}`).toEqual(["it"]);
    }
    expect(search.in("canary012 3")).toEqual([]);
  });
});

describe("the command line", { timeout: 300_000 }, () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "bear-canary-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const write = (name: string, config: unknown): void => writeFileSync(join(folder, `Pulumi.${name}.yaml`), JSON.stringify({ config }));

  function bear(...args: string[]): Promise<{ code: number; text: string }> {
    return new Promise((resolve) =>
      execFile(process.execPath, [join(root, "scripts", "bear.mjs"), ...args], { cwd: folder, maxBuffer: 1 << 26 }, (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code), text: out + err }),
      ),
    );
  }

  const forms = [
    ["check"],
    ["check", "--json"],
    ["plan"],
    ["plan", "--json"],
    ["plan", "--resources"],
    ["plan", "--markdown"],
    ["plan", "--graph", "svg"],
    ["plan", "--graph", "mermaid"],
  ];
  const short = [
    ["check", "--json"],
    ["plan", "--json"],
  ];

  test.each(secretStacks.map((stack, index) => [stack.name, stack, index === 0 ? forms : short] as const))(
    "encrypted secrets are opaque and in no output: %s",
    async (_name, { config }, calls) => {
      write(
        "sealed",
        plant(config, (field) => ({ secure: canaryOf(field) })),
      );
      for (const call of calls) {
        const { code, text } = await bear(...call, "-s", "sealed");
        expect(code, text).toBe(0);
        expect(canaries.in(text), call.join(" ")).toEqual([]);
      }
    },
  );

  test("changed ones are in no comparison with Git", async () => {
    const git = (...args: string[]): void =>
      void execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", ...args], {
        cwd: folder,
        stdio: "ignore",
      });
    const { config } = secretStacks[0]!;
    write(
      "moved",
      plant(config, () => ({ secure: "v1:before" })),
    );
    git("init", "-q", "-b", "main");
    git("add", ".");
    git("commit", "-qm", "one");
    git("checkout", "-qb", "change");
    const changed = plant(config, (field) => ({ secure: canaryOf(field) }));
    changed["bearstack:platform"].ingress = "traefik";
    write("moved", changed);
    git("commit", "-qam", "two");
    for (const call of [["check"], ["plan"], ["plan", "--json"], ["plan", "--markdown"]]) {
      const { code, text } = await bear(...call, "-s", "moved", "--against", "main");
      expect(code, text).toBe(0);
      expect(text).not.toBe("");
      expect(canaries.in(text), call.join(" ")).toEqual([]);
    }
  });

  test.each(secretStacks.map((stack) => [stack.name, stack] as const))("secrets in clear are refused one by one and not repeated: %s", async (_name, stack) => {
    write("clear", plant(stack.config, valueOf));
    for (const call of [...short, ["check"], ["plan"]]) {
      const { code, text } = await bear(...call, "-s", "clear");
      expect(code).toBe(2);
      expect(canaries.in(text), call.join(" ")).toEqual([]);
      if (call.join() !== "check,--json") continue;
      const found = (JSON.parse(text) as { issues: { path: string; problem: string }[] }).issues;
      expect(found.map(({ path }) => fieldOf(path)).sort()).toEqual(fieldsOf(stack).sort());
      // A proxy without a password may stand in clear.
      expect(new Set(found.map(({ problem }) => problem).filter((problem) => problem !== "is no proxy."))).toEqual(
        new Set(["stands here in clear, but a secret is due (the value is not repeated here)."]),
      );
    }
  });
});

describe("findings and errors", () => {
  const last = (path: string): string => path.slice(path.lastIndexOf(".") + 1);

  /** The config with something else in the place of the parent of one secret field. */
  function inPlaceOfParent(part: any, field: string, value: (canary: string) => unknown, path = ""): any {
    if (typeof part !== "object" || part === null) return part;
    if (Array.isArray(part)) return part.map((item, index) => inPlaceOfParent(item, field, value, `${path}[${index}]`));
    if (Object.keys(part).some((key) => "secure" in Object(part[key]) && fieldOf(`${path}.${key}`) === field)) return value(canaryOf(field));
    return Object.fromEntries(Object.entries(part).map(([key, item]) => [key, inPlaceOfParent(item, field, value, path === "" ? key : `${path}.${key}`)]));
  }

  const wrong: readonly [string, (config: object, field: string) => object][] = [
    ["a list in its place", (config, field) => plant(config, (one) => (one === field ? [canaryOf(one)] : { secure: "v1:x" }))],
    ["an object in its place", (config, field) => plant(config, (one) => (one === field ? { value: canaryOf(one) } : { secure: "v1:x" }))],
    ["itself in the place of its parent", (config, field) => inPlaceOfParent(config, field, (canary) => canary)],
    ["a list in the place of its parent", (config, field) => inPlaceOfParent(config, field, (canary) => [canary, { [last(field)]: canary }])],
    ["a slip in its name", (config, field) => inPlaceOfParent(config, field, (canary) => ({ [`${last(field)}s`]: canary }))],
    ["nothing beside it", (config, field) => inPlaceOfParent(config, field, (canary) => ({ [last(field)]: canary }))],
  ];

  test.each(wrong)("no finding repeats a secret given wrongly: %s", (_form, make) => {
    for (const field of fields) {
      const { config } = secretStacks.find((stack) => fieldsOf(stack).includes(field))!;
      const text = stringify({ config: make(config, field) });
      expect(canaries.in(text), field).toEqual([field]);
      const raw = parseStackText(text, "test", "Pulumi.test.yaml");
      const { checked, issues } = checkStack(raw);
      expect(issues.length, field).toBeGreaterThan(0);
      const error = new ConfigError(raw.source, issues);
      expect(canaries.in(`${error.message} ${JSON.stringify(issues)} ${checked.warnings.join()} ${error.stack}`), error.message).toEqual([]);
    }
  });

  test.each([
    ["a choice that takes no settings", { secrets: { pulumi: { passphrase: "CANARY" } } }],
    ["a choice that is not built", { metrics: { prometheus: { longTerm: { thanos: { secret_key: "CANARY" } } } } }],
    ["a shipper that is not built", { logs: { loki: { shipper: { promtail: { clients: [{ password: "CANARY" }] } } } } }],
    ["the key where the certificate is due", { certificates: { "cert-manager": { ca: { certificate: "-----BEGIN EC PRIVATE KEY-----\nCANARY" } } } }],
    ["a login in a URL", { imageMirror: "", domain: "https://ops:CANARY@example.com" }],
  ])("nor what may be one: %s", (_what, platform) => {
    const text = stringify({ config: { "bearstack:cluster": "sandbox", "bearstack:platform": { domain: "dev.example.com", ...platform } } });
    const { issues } = checkStack(parseStackText(text, "test", "Pulumi.test.yaml"));
    expect(issues.length).toBeGreaterThan(0);
    expect(new ConfigError("x", issues).message + JSON.stringify(issues)).not.toContain("CANARY");
  });

  const canary = canaryOf("cluster existing.inline");
  test.each([
    ["no YAML object", canary],
    ["broken YAML", `users: [ { token: ${canary}\n  - : }`],
    ["no such context", valueOf("cluster existing.inline").replace("current-context: prod", "current-context: none")],
    ["no cluster", valueOf("cluster existing.inline").replace("cluster: prod", "cluster: other")],
  ])("an unusable kubeconfig is not repeated: %s", async (_what, text) => {
    expect(text).toContain(canary);
    const config = ExistingConfig.parse({ inline: new Secret("bearstack:cluster.existing.inline", () => text) });
    const error = await kubeconfig(config).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error?.message).toMatch(/bearstack:cluster\.existing\.inline/);
    expect(`${error!.message} ${error!.stack}`).not.toContain(canary);
  });
});

describe("the program", () => {
  interface Made {
    resources: RecordedResource[];
    outputs: Record<string, Output<unknown>>;
  }

  async function made(stack: StackFile): Promise<Made> {
    const checked = checkStackOrThrow(plantedStack(stack));
    let outputs: Made["outputs"] = {};
    // Not offline where it can be: the kubeconfig is read as it would be, and given to the provider.
    const offline = clusters[checked.config.cluster.kind]!.onHosts === true;
    const resources = await recordProgram(async () => void (outputs = await deploy(checked, { offline, charts: {} })));
    return { resources, outputs };
  }

  const guarded = ["alertmanager", "prometheus", "traefik"].map((page) => `Secret ${page}-basic-auth`);
  const always = [
    "kubernetes cluster",
    ...["alertmanager-config", "grafana-admin", "grafana-database", "grafana-secrets", "loki-objects", "sealed-secrets-own-key", "tempo-objects"].map(
      (name) => `Secret ${name}`,
    ),
    ...guarded,
  ];
  const issuer = (name: string): string[] =>
    name === "own authority" ? ["Secret bearstack-ca"] : ["Secret bearstack-acme-external-account", "Secret bearstack-dns01"];

  test.each([
    [secretStacks.at(-1)!, 20],
    [secretStacks.at(-2)!, 25], // one more for each host, which lets it in, and none for all
  ] as const)("keeps keys and tokens of hosts in connections and on standard input: $0.name", async (stack, count) => {
    const { resources } = await made(stack);
    expect(canaries.in(JSON.stringify(resources))).toEqual([]);
    expect(JSON.stringify(resources)).not.toMatch(/sample-password/);
    const commands = resources.filter(({ type }) => type === "command:remote:Command");
    expect(commands).toHaveLength(count);
    for (const { inputs, name } of commands) {
      const masked = Object.entries(inputs).flatMap(([key, value]) => (JSON.stringify(value).includes("[secret]") ? [key] : []));
      expect(masked.sort(), name).toEqual(["connection", "stdin"]);
    }
  });

  test("keeps the garden's kubeconfig in the garden's provider and on standard input", async () => {
    const { resources, outputs } = await made(shootStack);
    expect(canaries.in(JSON.stringify(resources))).toEqual([]);
    const masked = resources.flatMap(({ name, inputs }) =>
      Object.entries(inputs).flatMap(([key, value]) => (JSON.stringify(value).includes("[secret]") ? [`${name} ${key}`] : [])),
    );
    expect(masked.sort()).toEqual(["cluster kubeconfig", "garden kubeconfig", "kubeconfig stdin"]);
    expect(await isSecret(outputs.kubeconfig!)).toBe(true);
  });

  test.each(platformStacks.map((stack) => [stack.name, stack] as const))("holds secrets in Secrets and the provider only: %s", async (name, stack) => {
    const { resources, outputs } = await made(stack);
    expect(canaries.in(JSON.stringify(resources))).toEqual([]);
    expect(JSON.stringify(resources)).not.toMatch(/sample-password|\$2a\$10\$/);
    const holders = resources.filter((resource) => JSON.stringify(resource.inputs).includes("[secret]"));
    expect(holders.map(({ type, name: own }) => `${type.slice(type.lastIndexOf(":") + 1)} ${own}`).sort()).toEqual([...always, ...issuer(name)].sort());
    for (const [output, value] of Object.entries(outputs))
      expect([output, await isSecret(value)]).toEqual([output, ["kubeconfig", "pagesPassword"].includes(output)]);
  });

  test("gives generated passwords as secret outputs, and puts nothing secret into a release", async () => {
    const platform = { ...wholePlatform, dashboards: "grafana", secrets: "pulumi", metrics: "prometheus", logs: "loki", traces: "tempo" };
    const { resources, outputs } = await made({ name: "generated", config: { "bearstack:cluster": inlineCluster, "bearstack:platform": platform } });
    const releases = resources.filter(({ type }) => type.endsWith(":Release"));
    expect(releases.length).toBeGreaterThan(10);
    expect(releases.filter(({ inputs }) => JSON.stringify(inputs).includes("[secret]")).map((release) => release.name)).toEqual([]);
    expect(JSON.stringify(resources)).not.toMatch(/sample-password|\$2a\$10\$/);
    const secret = await Promise.all(Object.entries(outputs).map(async ([name, value]) => ((await isSecret(value)) ? [name] : [])));
    expect(secret.flat().sort()).toEqual(["grafanaPassword", "kubeconfig", "pagesPassword"]);
  });
});
