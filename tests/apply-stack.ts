import { stringify } from "yaml";
import { chartsByRelease, prepareCharts } from "../components/charts/prepare";
import type { RunEvent, RunResult } from "../sandbox/runner/events";
import { runStack } from "../sandbox/runner/run";
import type { TestSandbox } from "../sandbox/runner/testing/sandbox";
import { checkStackOrThrow, type CheckedStack } from "../stacks/check";
import { deploy } from "../stacks/program";
import { parseStackText } from "../stacks/stack-file";
import { fieldOf, valueOf } from "./canaries";

/** The real charts where BEAR_CHARTS has them, else their outlines: then there are no releases of Helm. */
export const folder = process.env.BEAR_CHARTS || undefined;

const settings = folder === undefined ? { mirror: "oci://127.0.0.1:1/none" } : { folder };

export interface Place {
  sandbox: TestSandbox;
  /** Folder of the project. */
  project: string;
  /** Text for the cluster's own `inline`. */
  kubeconfig: string;
  report?: (event: RunEvent) => void;
  /** Resources beside those of the stack. */
  more?: () => void;
}

/** Brings `config:` of a stack file up in a sandbox, with a canary for each `secure:` value. */
export async function applyStack(config: object, { sandbox, project, kubeconfig, report, more }: Place): Promise<{ checked: CheckedStack; result: RunResult }> {
  const raw = parseStackText(stringify({ config }), "canary", "Pulumi.canary.yaml", (path) =>
    fieldOf(path) === "cluster existing.inline" ? kubeconfig : valueOf(fieldOf(path)),
  );
  const checked = checkStackOrThrow(raw);
  const prepared = await prepareCharts(checked.resolved!, settings, project, { outlines: true, all: true });
  const program = async (): ReturnType<typeof deploy> => {
    const outputs = await deploy(checked, { offline: false, charts: prepared.settings });
    more?.();
    return outputs;
  };
  const result = await runStack(program, {
    kubeconfig: sandbox.kubeconfig,
    helm: sandbox.helm,
    project,
    stack: "canary",
    charts: chartsByRelease(checked.resolved!, prepared),
    ...(report ? { report } : {}),
  });
  return { checked, result };
}
