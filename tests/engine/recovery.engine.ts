import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EngineProject, hasPulumi, withCharts } from "./project";
const config = (adopt = ""): string => `  bearstack:cluster: { sandbox: { name: engine } }
${adopt}  bearstack:platform:
    domain: engine.example.com
    ingress: traefik
    certificates: { cert-manager: { ca: {} } }
    logs: loki
    traces: tempo
    secrets: sealed-secrets
`;

describe.skipIf(!hasPulumi || !withCharts)("the real engine, killed in the middle of Helm installs", () => {
  const project = new EngineProject("recovery");
  beforeAll(async () => {
    await project.start();
    project.configure(config());
  });
  afterAll(() => project.stop());

  it("comes back by what bear recover prints", async () => {
    const up = project.spawn(["up", "--yes", "--skip-preview"]);
    let started = "";
    up.stdout!.on("data", (chunk: Buffer) => (started += chunk.toString()));
    // Kill once Helm is at work.
    for (let waited = 0; waited < 300 && !/helm\.sh\/v3:Release \S+ creating/.test(started); waited += 1) await sleep(500);
    await sleep(4_000);
    process.kill(up.pid!, "SIGKILL");
    await sleep(25_000); // the orphaned provider finishes what it had begun

    const found = await project.bear(["recover", "-s", "recovery", "--json"]);
    expect(found.code, found.text).toBe(0);
    const recovery = JSON.parse(found.text.slice(found.text.indexOf("{"))) as { adopt: string[]; commands: string[] };
    expect(recovery.commands.length + recovery.adopt.length).toBeGreaterThan(0);
    for (const command of recovery.commands) {
      const [program, ...args] = command.split(" ");
      const ran =
        program === "pulumi"
          ? await project.pulumi(args.filter((arg, index) => arg !== "--stack" && args[index - 1] !== "--stack"))
          : await project.run(program!, args);
      expect(ran.code, `${command}\n${ran.text}`).toBe(0);
    }
    project.configure(config(recovery.adopt.length > 0 ? `  bearstack:adopt: [${recovery.adopt.join(", ")}]\n` : ""));
    const back = await project.pulumi(["up", "--yes", "--skip-preview"]);
    expect(back.code, back.text).toBe(0);
    project.configure(config());
    const settled = await project.pulumi(["preview", "--expect-no-changes"]);
    expect(settled.code, settled.text).toBe(0);
  });

  it("destroys afterwards", async () => {
    const destroyed = await project.pulumi(["destroy", "--refresh", "--yes", "--skip-preview"]);
    expect(destroyed.code, destroyed.text).toBe(0);
  });
});
