import { prepareCharts } from "../components/charts/prepare";
import { checkStackOrThrow } from "./check";
import { readEngineConfig } from "./config";
import { assertFresh } from "./fresh";
import { deploy } from "./program";

/** What `pulumi up` and `pulumi preview` run: config, checks, charts, resources. Gives the stack's outputs. */
export async function run(): Promise<Record<string, unknown>> {
  await assertFresh();
  const checked = checkStackOrThrow(readEngineConfig());
  const wanted = { mirror: checked.config.platform?.charts.mirror, folder: process.env.BEAR_CHARTS };
  const charts = checked.resolved ? (await prepareCharts(checked.resolved, wanted, process.cwd())).settings : wanted;
  return deploy(checked, { offline: false, charts });
}
