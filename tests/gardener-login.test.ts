import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { canStartGarden, GardenBed, TOKEN, until } from "./garden/bed";

describe.skipIf(!canStartGarden)("the script that gets a credential", () => {
  let bed: GardenBed;
  beforeAll(async () => {
    bed = await GardenBed.start();
  }, 1_800_000); // an empty cache means building the control plane
  afterAll(() => bed?.stop());
  beforeEach(() => bed.garden.reset());

  it.each<[string, () => Promise<void> | void, string, string]>([
    [
      "its creation failed",
      () =>
        bed.ready({ lastOperation: { type: "Create", state: "Failed" }, lastErrors: [{ description: "quota of cores", codes: ["ERR_INFRA_QUOTA_EXCEEDED"] }] }),
      "Create failed. ERR_INFRA_QUOTA_EXCEEDED: quota of cores",
      "gardener.cloud/operation=retry",
    ],
    ["it is asleep", () => bed.ready({ hibernated: true }), "is asleep", "hibernation"],
    [
      "it is not there in time",
      () => bed.ready({ lastOperation: { type: "Create", state: "Processing" } }),
      "is not ready after 0 minutes: Create Processing 47 %",
      "readyWithin",
    ],
    ["the user may not", () => void (bed.garden.faults.viewers = ["robot"]), "may not create shoots/adminkubeconfig (403)", "role"],
    ["credentials are short", () => void (bed.garden.faults.maxSeconds = 500), "for 8 minutes only, and the next comes after 10", "access.renewEvery to 5m"],
    ["credentials have run out", () => void (bed.garden.faults.expired = true), "already run out", "clock"],
  ])("says what is wrong and what to do: %s", async (_what, given, problem, fix) => {
    await bed.ready();
    await given();
    const { code, stdout, stderr } = await bed.script();
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain(problem);
    expect(stderr.slice(stderr.indexOf("→"))).toContain(fix);
    expect(stderr).not.toContain(TOKEN);
  });

  it.each<[string, () => [string, object?], string]>([
    ["no such token", () => [bed.login({ token: "canary-other" })], "does not accept the login of its kubeconfig (401)"],
    ["no such Shoot", () => [bed.login({ token: TOKEN }), { name: "other" }], "garden-acme/other is not in the garden (404)"],
    [
      "another authority",
      () => [bed.login({ token: TOKEN }, { "certificate-authority-data": Buffer.from(bed.garden.client("x").cert).toString("base64") })],
      "certificate does not hold",
    ],
    ["nobody listens", () => [bed.login({ token: TOKEN }, { server: "https://127.0.0.1:1" })], "the garden does not answer (ECONNREFUSED)"],
    ["a proxy", () => [bed.login({ token: TOKEN }, { "proxy-url": "http://canary-proxy" })], "asks for a proxy-url"],
    ["impersonation", () => [bed.login({ token: TOKEN, as: "admin" })], "uses impersonation"],
    ["a password", () => [bed.login({ username: "me", password: "canary-password" })], "has a user that cannot log in from here"],
    [
      "a plugin that is not there",
      () => [bed.login({ exec: { command: "no-such-plugin", args: ["--secret=canary-arg"] } })],
      "no-such-plugin, which the garden's kubeconfig names, is not on PATH",
    ],
    [
      "a plugin that fails",
      () => [bed.login({ exec: { command: "sh", args: ["-c", "echo canary-out; echo canary-err >&2; exit 3"] } })],
      "failed (exit code 3)",
    ],
    ["a plugin that gives nothing", () => [bed.login({ exec: { command: "echo", args: ["canary-out"] } })], "gave no credential"],
    ["a plugin for a terminal", () => [bed.login({ exec: { command: "sh", interactiveMode: "Always" } })], "wants a terminal"],
    ["a token file that is not there", () => [bed.login({ tokenFile: "/nonexistent/token" })], "/nonexistent/token"],
  ])("refuses at once, without a secret in what it says: %s", async (_what, given, problem) => {
    await bed.ready();
    const { code, stdout, stderr } = await bed.script(...given());
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(problem);
    expect(stderr).toMatch(/\n {2}→ \S/);
    expect(stderr).not.toMatch(/canary|at .*\.cjs|Error:/);
  });

  it("logs in by token file, client certificate and plugin as well", async () => {
    await bed.ready();
    const file = bed.write("token", `${TOKEN}\n`);
    const { cert, key } = bed.garden.client("operator");
    const pem = (text: string): string => Buffer.from(text).toString("base64");
    const info = `const { spec, apiVersion } = JSON.parse(process.env.KUBERNETES_EXEC_INFO); if (!spec.cluster.server || spec.interactive) process.exit(9);`;
    const give = (status: string): object => ({
      exec: {
        apiVersion: "client.authentication.k8s.io/v1",
        command: "node",
        args: ["-e", `${info} console.log(JSON.stringify({ apiVersion, kind: "ExecCredential", status: ${status} }))`],
        env: [{ name: "GIVEN", value: TOKEN }],
        provideClusterInfo: true,
        interactiveMode: "IfAvailable",
      },
    });
    const logins: [object, string][] = [
      [{ tokenFile: file }, "robot"],
      [{ "client-certificate-data": pem(cert), "client-key-data": pem(key) }, "operator"],
      [give("{ token: process.env.GIVEN }"), "robot"],
      [give(JSON.stringify({ clientCertificateData: cert, clientKeyData: key })), "operator"],
    ];
    for (const [user, name] of logins) {
      expect(await bed.script(bed.login(user))).toMatchObject({ code: 0, stderr: "" });
      expect(bed.posts().at(-1)).toMatch(new RegExp(` ${name}$`));
    }
  });

  it("shows its login in no command line and no environment", async () => {
    await bed.ready({ lastOperation: { type: "Create", state: "Processing" } });
    const { child, done } = bed.start(bed.login({ token: TOKEN }), { waitSeconds: 3 });
    await until(() => bed.garden.asked.length > 0);
    for (const file of ["cmdline", "environ"]) {
      const text = spawnSync("cat", [`/proc/${child.pid}/${file}`]).stdout.toString();
      expect(text, file).not.toBe("");
      expect(text, file).not.toContain(TOKEN);
    }
    expect((await done).code).toBe(1);
  });
});
