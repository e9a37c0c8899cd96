import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSandbox, stopSandbox } from "../../index";
import { ensureTool } from "../../tools";

export interface TestSandbox {
  kubeconfig: string;
  helm: string;
  stop(): Promise<void>;
}

/** A sandbox of its own for one test file; its programs come from the cache that all share. */
export async function testSandbox(): Promise<TestSandbox> {
  const state = await mkdtemp(join(tmpdir(), "bearstack-state-"));
  process.env.XDG_STATE_HOME = state;
  const report = (): void => undefined;
  const { kubeconfig, name } = await startSandbox({ name: "test", report });
  return {
    kubeconfig,
    helm: await ensureTool("helm", report),
    stop: async () => {
      await stopSandbox(name, report);
      await rm(state, { recursive: true, force: true });
    },
  };
}
