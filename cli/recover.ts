import { readFile } from "node:fs/promises";
import { UserError } from "../components/core/errors";
import { ensureTool } from "../sandbox/tools";
import { adoptForm } from "../stacks/adopt-form";
import { checkStackOrThrow } from "../stacks/check";
import { lastLine, listReleases, ownReleases, run, withKubeconfig, type HelmRelease, type OwnRelease } from "./cluster-access";
import { print } from "./output";
import { loadStack } from "./stack";

export interface RecoverOptions {
  stack: string;
  kubeconfig?: string;
  state?: string;
  json?: boolean;
}

/** The part of `pulumi stack export` that matters here. */
export interface StackExport {
  deployment?: {
    resources?: { type: string; outputs?: { name?: string; namespace?: string }; inputs?: { name?: string; namespace?: string } }[];
    pending_operations?: { type?: string; resource?: { urn: string; type: string; inputs?: { metadata?: { name?: string; namespace?: string } } } }[];
  };
}

export interface Recovery {
  /** What is in the cluster and Pulumi does not know: names for `bearstack:adopt`. */
  adopt: string[];
  /** Commands to run before the next `pulumi up`, in order. */
  commands: string[];
  /** What each command is for. */
  reasons: string[];
}

const RELEASE_TYPE = "kubernetes:helm.sh/v3:Release";

/** An object whose creation the state only knows as begun. */
export interface Begun {
  adopt: string;
  kind: string;
  name: string;
  namespace?: string;
}

/** Plain objects the run was creating when it ended; some of them are there. */
export function begunObjects(state: StackExport): Begun[] {
  return (state.deployment?.pending_operations ?? []).flatMap(({ type, resource }) => {
    const name = resource?.inputs?.metadata?.name;
    if (type !== "creating" || !resource || name === undefined || !resource.type.startsWith("kubernetes:")) return [];
    const namespace = resource.inputs?.metadata?.namespace;
    const kind = resource.type.slice(resource.type.lastIndexOf(":") + 1);
    return [{ adopt: adoptForm(resource.type, resource.urn.split("::").at(-1)!), kind, name, ...(namespace === undefined ? {} : { namespace }) }];
  });
}

/** Compares what Helm and the cluster have with what the state knows; pure. */
export function planRecovery(
  own: readonly OwnRelease[],
  helm: readonly HelmRelease[],
  state: StackExport,
  stack: string,
  there: readonly Begun[] = [],
): Recovery {
  const recovery: Recovery = { adopt: there.map(({ adopt }) => adopt), commands: [], reasons: [] };
  const say = (command: string, reason: string): void => {
    recovery.commands.push(command);
    recovery.reasons.push(reason);
  };
  const pending = state.deployment?.pending_operations?.length ?? 0;
  if (pending > 0) say(`pulumi cancel --yes --stack ${stack}`, `${pending} operations were under way when the run ended; its lock may still be there`);
  const inState = new Set(
    (state.deployment?.resources ?? [])
      .filter((resource) => resource.type === RELEASE_TYPE)
      .map((resource) => `${resource.outputs?.namespace ?? resource.inputs?.namespace ?? ""}/${resource.outputs?.name ?? resource.inputs?.name ?? ""}`),
  );
  for (const release of own) {
    const found = helm.find((candidate) => candidate.name === release.name && candidate.namespace === release.namespace);
    const known = inState.has(`${release.namespace}/${release.name}`);
    if (!found) continue;
    const there = `${release.name} --namespace ${release.namespace}`;
    if (found.status === "pending-install" || found.status === "uninstalling" || (found.status === "failed" && found.revision === "1")) {
      say(`helm uninstall ${there} --wait`, `${release.name} is ${found.status}: it never came up, the next run installs it anew`);
    } else if (found.status === "pending-upgrade" || found.status === "pending-rollback") {
      say(`helm rollback ${there} --wait`, `${release.name} is ${found.status}: back to its last good revision`);
      if (!known) recovery.adopt.push(release.name);
    } else if (!known) recovery.adopt.push(release.name);
  }
  return recovery;
}

async function readState(options: RecoverOptions): Promise<StackExport> {
  if (options.state !== undefined) {
    const text = await readFile(options.state, "utf8").catch(() => {
      throw new UserError(`The state file ${options.state} cannot be read.`, "Write it with: pulumi stack export --file state.json");
    });
    return JSON.parse(text) as StackExport;
  }
  const { code, stdout, stderr } = await run("pulumi", ["stack", "export", "--stack", options.stack, "--non-interactive"]);
  if (code !== 0) throw new UserError(`pulumi stack export failed: ${lastLine(stderr)}`, `Log in to the stack's backend, or give the state with --state.`);
  return JSON.parse(stdout) as StackExport;
}

async function exists({ kind, name, namespace }: Begun, kubectl: string, kubeconfig: string): Promise<boolean> {
  const place = namespace === undefined ? [] : ["--namespace", namespace];
  const { code, stdout } = await run(kubectl, ["get", kind, name, ...place, "--ignore-not-found", "--output", "name"], { env: { KUBECONFIG: kubeconfig } });
  return code === 0 && stdout.trim() !== "";
}

/** Prints the way back. */
export async function runRecover(options: RecoverOptions): Promise<void> {
  const checked = checkStackOrThrow(loadStack(options.stack));
  const report = (message: string): void => void process.stderr.write(`${message}\n`);
  const state = await readState(options);
  const helm = await ensureTool("helm", report);
  const begun = begunObjects(state);
  const kubectl = begun.length > 0 ? await ensureTool("kubectl", report) : "";
  const recovery = await withKubeconfig(checked, options.kubeconfig, async (path) => {
    const there: Begun[] = [];
    for (const object of begun) if (await exists(object, kubectl, path)) there.push(object);
    return planRecovery(ownReleases(checked.resolved?.addons ?? []), await listReleases(helm, path), state, options.stack, there);
  });
  if (options.json) return print(JSON.stringify(recovery, undefined, 2));
  if (recovery.commands.length === 0 && recovery.adopt.length === 0) return print("Helm and Pulumi agree: nothing to recover. Run pulumi up.");
  if (recovery.commands.length > 0)
    print(`Run these first:\n\n${recovery.commands.map((command, index) => `  # ${recovery.reasons[index]!}\n  ${command}`).join("\n")}\n`);
  if (recovery.adopt.length > 0) {
    print(
      `These are in the cluster, and Pulumi does not know them. Put this into Pulumi.${options.stack}.yaml below config::\n\n  bearstack:adopt: [${recovery.adopt.join(", ")}]\n`,
    );
  }
  print(`Then run pulumi up${recovery.adopt.length > 0 ? ", and take the bearstack:adopt line out again" : ""}.`);
}
