import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import ts from "typescript";
import { parse } from "yaml";
import { Cloud, type Settings } from "../clouds/cloud";
import { EngineProject, type Ran } from "./project";

const root = join(__dirname, "..", "..");

/** Who asked for credentials, and what for; then the sandbox's own, as a cloud's tool would give a token. */
const LOGIN = `#!/bin/sh
echo "$(basename "$0")\${*:+ $*}" >>"$BEAR_TEST_CLOUD/logins"
exec cat "$BEAR_TEST_CLOUD/credential.json"
`;

interface Kubeconfig {
  clusters: { cluster: { server: string; "certificate-authority-data": string } }[];
  users: { user: { "client-certificate-data": string; "client-key-data": string } }[];
}

export interface Step {
  op: string;
  urn: string;
  type: string;
  name: string;
  /** Inputs that are to be. */
  inputs: Record<string, unknown>;
}

/** A project whose clouds are stand-ins, and whose clusters lead to a sandbox of its own. */
export class CloudProject {
  readonly folder = mkdtempSync(join(tmpdir(), "bearstack-cloud-"));
  readonly cloud = new Cloud(this.folder);
  readonly project: EngineProject;
  /** Key of the certificate that the stand-ins of the login tools hand out. */
  clientKey = "";

  constructor(readonly stack: string) {
    const bin = join(this.folder, "bin");
    mkdirSync(bin);
    this.project = new EngineProject(stack, {
      BEAR_TEST_CLOUD: this.folder,
      PATH: `${bin}${delimiter}${process.env.PATH ?? ""}`,
      // A DNS end point of GKE has a certificate that everybody trusts.
      SSL_CERT_FILE: join(this.folder, "trusted.pem"),
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    });
    for (const tool of ["aws", "gke-gcloud-auth-plugin"]) writeFileSync(join(bin, tool), LOGIN);
    this.buildStandIn(bin);
    for (const file of readdirSync(bin)) chmodSync(join(bin, file), 0o755);
  }

  /** The engine finds plugins on PATH; theirs are Node programs. */
  private buildStandIn(bin: string): void {
    const source = join(__dirname, "..", "clouds");
    for (const file of readdirSync(source).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))) {
      const { outputText } = ts.transpileModule(readFileSync(join(source, file), "utf8"), {
        compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023, esModuleInterop: true },
      });
      writeFileSync(join(this.project.folder, file.replace(/\.ts$/, ".js")), outputText);
    }
    for (const name of ["aws", "gcp"]) {
      const { version } = JSON.parse(readFileSync(join(root, "node_modules", "@pulumi", name, "package.json"), "utf8")) as { version: string };
      const script = `#!/bin/sh\nBEAR_TEST_VERSION=${version} exec ${process.execPath} ${join(this.project.folder, "stand-in.js")}\n`;
      writeFileSync(join(bin, `pulumi-resource-${name}`), script);
    }
  }

  async start(): Promise<void> {
    await this.project.start();
    const { clusters, users } = parse(readFileSync(this.project.kubeconfig, "utf8")) as Kubeconfig;
    const [{ cluster }, { user }] = [clusters[0]!, users[0]!];
    const decoded = (data: string): string => Buffer.from(data, "base64").toString();
    this.clientKey = user["client-key-data"];
    const status = { clientCertificateData: decoded(user["client-certificate-data"]), clientKeyData: decoded(user["client-key-data"]) };
    writeFileSync(join(this.folder, "credential.json"), JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1beta1", kind: "ExecCredential", status }));
    writeFileSync(join(this.folder, "trusted.pem"), decoded(cluster["certificate-authority-data"]));
    this.cloud.settings = {
      endpoint: cluster.server,
      dnsEndpoint: cluster.server.replace("https://127.0.0.1", "localhost"),
      authority: cluster["certificate-authority-data"],
      kubectl: this.project.kubectl,
      kubeconfig: this.project.kubeconfig,
    };
  }

  async stop(): Promise<void> {
    await this.project.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  change(settings: Partial<Settings>): void {
    this.cloud.settings = { ...this.cloud.settings, ...settings };
  }

  /** Writes the stack file. */
  configure(kind: string, cluster: object, more: Record<string, object>): void {
    const lines = Object.entries({ cluster: { [kind]: cluster }, ...more }).map(([key, value]) => `  bearstack:${key}: ${JSON.stringify(value)}\n`);
    this.project.configure(lines.join(""));
  }

  async done(...args: string[]): Promise<string> {
    const { code, text } = await this.project.pulumi(args);
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")}\n${text}`);
    return text;
  }

  /** What the engine keeps, in the order in which it came to be. */
  async state(): Promise<{ type: string; inputs: Record<string, unknown> }[]> {
    const text = await this.done("stack", "export");
    return (
      (JSON.parse(text.slice(text.indexOf("{"))) as { deployment: { resources?: { type: string; inputs: Record<string, unknown> }[] } }).deployment.resources ??
      []
    );
  }

  /** How many resources the last run made, changed and left. */
  async lastRun(): Promise<Record<string, number>> {
    const text = await this.done("stack", "history", "--json", "--page-size", "1");
    const [{ resourceChanges }] = JSON.parse(text.slice(text.indexOf("["))) as [{ resourceChanges: Record<string, number> }];
    return resourceChanges;
  }

  /** What a preview plans, with the document itself for the guard. */
  async preview(...args: string[]): Promise<{ code: number; steps: Step[]; errors: string[]; document: string }> {
    const { code, text } = await this.project.pulumi(["preview", "--json", ...args]);
    const document = text.slice(text.indexOf("{\n"), text.lastIndexOf("\n}") + 3);
    interface Planned {
      op: string;
      urn: string;
      newState?: { inputs?: Record<string, unknown> };
    }
    const { steps, diagnostics } = JSON.parse(document) as { steps?: Planned[]; diagnostics?: { severity: string; message: string }[] };
    const errors = (diagnostics ?? []).filter(({ severity }) => severity === "error").map(({ message }) => message);
    const all = (steps ?? []).map(({ op, urn, newState }) => {
      const [, , types, ...name] = urn.split("::");
      return { op, urn, type: types!.split("$").at(-1)!, name: name.join("::"), inputs: newState?.inputs ?? {} };
    });
    return { code, steps: all, errors, document };
  }

  /** What `bear guard` says of a preview. */
  async guard(document: string, ...args: string[]): Promise<{ code: number; losses: string[]; unprotected: string[] }> {
    const file = join(this.project.folder, "preview.json");
    writeFileSync(file, document);
    const { code, text } = await this.project.bear(["guard", file, "--json", ...args]);
    const { losses, unprotected } = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)) as {
      losses: { step: string; kind: string; name: string; allowed: boolean }[];
      unprotected: string[];
    };
    return { code, losses: losses.map(({ step, kind, name }) => `${step} ${kind} ${name}`).sort(), unprotected };
  }

  /** Another one has another. */
  async uidOf(kind: string, namespace: string, name: string): Promise<string> {
    const { text } = await this.project.run(this.project.kubectl, ["get", kind, name, "-n", namespace, "-o", "jsonpath={.metadata.uid}"]);
    return text;
  }

  async check(...args: string[]): Promise<Ran> {
    return this.project.bear(["check", "-s", this.stack, ...args]);
  }

  /** Makes the stack's file what `--against` compares with. */
  async commit(): Promise<void> {
    for (const args of [
      ["init", "--quiet"],
      ["add", "Pulumi.yaml", `Pulumi.${this.stack}.yaml`],
      ["-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--allow-empty", "-m", "before"],
    ]) {
      const { code, text } = await this.project.run("git", args);
      if (code !== 0) throw new Error(text);
    }
  }
}
