import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { remote } from "@pulumi/command";
import { secret, type CustomResourceOptions, type Output } from "@pulumi/pulumi";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RunEvent, RunResult } from "./events";
import { Kube } from "./kube";
import { MEMORY_NAMESPACE } from "./memory";
import { recordProgram } from "./record";
import { runStack } from "./run";
import { testSandbox, type TestSandbox } from "./testing/sandbox";
import { freePort, hasSshd, testSshd, type TestSshd } from "./testing/sshd";

const TOKEN = "planted-token-0123456789";

describe.skipIf(!hasSshd)("remote.Command in a program", { timeout: 300_000 }, () => {
  let folder: string;
  let host: TestSshd;
  let sandbox: TestSandbox;
  let record: string;
  const events: RunEvent[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "bearstack-commands-"));
    host = await testSshd(join(folder, "host"));
    sandbox = await testSandbox();
    record = join(folder, "record");
  }, 1_800_000); // an empty cache means building the control plane
  beforeEach(async () => {
    await up(async () => undefined);
    await writeFile(record, "");
    events.length = 0;
  });
  afterAll(async () => {
    await Promise.all([sandbox.stop(), host.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  const up = (program: () => Promise<Record<string, Output<unknown>> | void>, signal = new AbortController().signal): Promise<RunResult> =>
    runStack(program, {
      kubeconfig: sandbox.kubeconfig,
      helm: sandbox.helm,
      project: folder,
      stack: "ssh",
      signal,
      report: (event) => events.push(structuredClone(event)),
    });
  const note = (word: string): string => `echo ${word} >>${record}`;
  const noted = (): string => readFileSync(record, "utf8").trim().replaceAll("\n", " ");
  function command(name: string, args: Partial<remote.CommandArgs> = {}, opts: CustomResourceOptions = {}): remote.Command {
    return new remote.Command(
      name,
      { connection: secret(host.connection), create: note(`+${name}`), update: note(`~${name}`), delete: note(`-${name}`), logging: "none", ...args },
      { additionalSecretOutputs: ["stdout", "stderr"], ...opts },
    );
  }

  it("is created, left alone, updated and deleted", async () => {
    const program = (word: string) => async () => {
      const one = command("one", { create: `${note("+one")}; echo ${word}`, update: `${note("~one")}; echo ${word} again` });
      return { word: one.stdout };
    };
    const first = await up(program("hello"));
    expect(first.failures).toEqual([]);
    expect(first).toMatchObject({ counts: { created: 1 }, outputs: { word: "hello" }, secretOutputs: ["word"] });
    expect(first.entries.find((entry) => entry.name === "one")).toMatchObject({ kind: "command", what: "Command one", state: "created" });
    expect(await memory()).toHaveLength(2);
    expect(await up(program("hello"))).toMatchObject({ counts: { created: 0, changed: 0, unchanged: 1 }, outputs: { word: "hello" } });
    expect(await up(program("bye"))).toMatchObject({ counts: { changed: 1 }, outputs: { word: "bye again" } });
    expect((await up(async () => undefined)).removed).toEqual([{ what: "command one" }]);
    expect(noted()).toBe("+one ~one -one");
    expect(await memory()).toEqual([]);
  });

  it("is created anew when its removal failed and it comes back", async () => {
    const program = async (): Promise<void> => void command("one", { delete: `${note("-one")}; false` });
    await up(program);
    expect((await up(async () => undefined)).removed).toMatchObject([{ what: "command one", error: expect.stringContaining("code 1") as string }]);
    expect(await up(program)).toMatchObject({ counts: { created: 1 }, failures: [] });
    expect(noted()).toBe("+one -one +one");
    await up(async () => void command("one"));
  });

  it("runs again when only its input or its connection differ, by `create` where there is no `update`", async () => {
    const program = (stdin: string, perDialTimeout: number) => async () =>
      void new remote.Command("one", { connection: { ...host.connection, perDialTimeout }, create: `cat >>${record}`, stdin: secret(stdin) });
    await up(program("a ", 5));
    await up(program("a ", 5));
    await up(program("b ", 5));
    await up(program("b ", 6));
    expect(noted()).toBe("a b b");
  });

  it("goes before what it depends on, with all else at once, and by the connection it had", async () => {
    await up(async () => {
      const server = command("server", { delete: `sleep 0.3; ${note("-server")}` });
      const agent = command("agent", {}, { dependsOn: [server] });
      command("drain", { delete: `sleep 3; ${note("-drain")}` }, { dependsOn: [agent] });
      command("other");
    });
    await writeFile(record, "");
    const { removed } = await up(async () => undefined);
    expect(noted()).toBe("-other -drain -agent -server");
    expect(removed.map(({ error }) => error)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("goes before an older one that it depends on only since", async () => {
    await up(async () => void command("old"));
    await up(async () => {
      const fresh = command("fresh");
      command("old", {}, { dependsOn: [fresh] });
    });
    await writeFile(record, "");
    await up(async () => undefined);
    expect(noted()).toBe("-old -fresh");
  });

  it("keeps what a failed removal still needs, says why, and tries again", async () => {
    const program = async (): Promise<void> => {
      const server = command("server");
      command(
        "drain",
        { delete: `test -e ${folder}/drained || { echo "error: a budget forbids it, $(cat)" >&2; exit 1; }`, stdin: secret(TOKEN) },
        { dependsOn: [server] },
      );
    };
    await up(program);
    const { removed } = await up(async () => undefined);
    expect(removed).toEqual([
      { what: "command drain", error: "the command on 127.0.0.1 ended with code 1: a budget forbids it, [secret]" },
      { what: "command server", error: "kept, since a command that depends on it could not be removed" },
    ]);
    expect(noted()).toBe("+server +drain");
    await writeFile(join(folder, "drained"), "");
    expect((await up(async () => undefined)).removed).toEqual([{ what: "command drain" }, { what: "command server" }]);
    expect(noted()).toBe("+server +drain -server");
  });

  it("is deleted too when it failed half-way, by the old connection where a new one never worked", async () => {
    const failed = await up(async () => void command("half", { create: `${note("+half")}; exit 1` }));
    expect(failed.failures.map(({ message }) => message)).toEqual(["the command on 127.0.0.1 ended with code 1 and said nothing"]);
    await up(async () => void command("half"));
    const moved = { ...host.connection, port: await freePort(), dialErrorLimit: 1 };
    expect((await up(async () => void command("half", { connection: secret(moved) }))).counts).toMatchObject({ failed: 1 });
    expect((await up(async () => void command("half"))).counts).toMatchObject({ changed: 1 });
    await up(async () => undefined);
    expect(noted()).toBe("+half +half ~half -half");
  });

  it("is replaced when a trigger changes, and stays where it is to be retained", async () => {
    await up(async () => void command("one", { triggers: [1], delete: note("-first") }));
    await up(async () => void command("one", { triggers: [2], delete: note("-second") }));
    await up(async () => void command("one", { triggers: [3] }, { deleteBeforeReplace: true, retainOnDelete: true }));
    expect(noted()).toBe("+one +one -first -second +one");
    expect((await up(async () => undefined)).removed).toEqual([{ what: "command one" }]);
    expect(noted()).toBe("+one +one -first -second +one");
  });

  it("shows no secret in notes, failures or the index, and keeps addresses readable", async () => {
    const inputs = `ROOT ${Buffer.from(TOKEN).toString("base64")}\n`;
    const loud = `read -r name value; echo "step on 127.0.0.1: $value" >&2; printf %s "$value" | base64 -d >&2; echo >&2`;
    const result = await up(async () => {
      const bad = command("bad", { create: `${loud}; exit 7`, stdin: secret(inputs) });
      command("after", {}, { dependsOn: [bad] });
      command("good", { create: `${loud}; echo ${TOKEN}`, stdin: secret(inputs) });
    });
    expect(result.failures.map(({ message }) => message)).toEqual(["the command on 127.0.0.1 ended with code 7: step on 127.0.0.1: [secret]\n[secret]"]);
    expect(result.entries.find((entry) => entry.name === "after")).toMatchObject({ state: "not tried", note: "it needs Command bad" });
    const shown = JSON.stringify([events, result]);
    expect(shown).toContain("step on 127.0.0.1: [secret]");
    for (const hidden of [TOKEN, inputs.slice(5, 20), host.connection.privateKey.split("\n")[1]!]) expect(shown).not.toContain(hidden);
    const known = (await index()).join("\n");
    for (const hidden of [TOKEN, host.connection.privateKey.split("\n")[1]!]) expect(known).not.toContain(hidden);
  });

  it("is refused with an environment, and without a host key", async () => {
    const { failures } = await up(async () => {
      command("environment", { environment: { A: "b" } });
      const { hostKey: _hostKey, ...blind } = host.connection;
      command("blind", { connection: blind });
    });
    expect(failures.map(({ message }) => message.split("\n")[0]).sort()).toEqual([
      "127.0.0.1 has no host key in the config, so nobody could tell it from another machine",
      "its environment needs the Pulumi engine, and a server that accepts it",
    ]);
    expect(await memory()).toEqual([]);
  });

  it("is not tried any more once the run is stopped", async () => {
    const stop = new AbortController();
    const work = up(async () => {
      const slow = command("slow", { create: `${note("+slow")}; sleep 20` });
      command("after", {}, { dependsOn: [slow] });
    }, stop.signal);
    while (noted() !== "+slow") await sleep(20);
    stop.abort();
    expect((await work).counts).toMatchObject({ failed: 0, "not tried": 2 });
  });

  async function secrets(): Promise<any[]> {
    const kube = new Kube(await readFile(sandbox.kubeconfig, "utf8"));
    try {
      return await kube.list({ apiVersion: "v1", kind: "Secret" }, { namespace: MEMORY_NAMESPACE });
    } finally {
      kube.close();
    }
  }
  async function index(): Promise<string[]> {
    const data: Record<string, string> = (await secrets()).find(({ metadata }) => metadata.name === "index")?.data ?? {};
    return Object.values(data).map((value) => Buffer.from(value, "base64").toString("utf8"));
  }
  /** All that is remembered of commands. */
  const memory = async (): Promise<string[]> => [
    ...(await index()),
    ...(await secrets()).map(({ metadata }) => metadata.name).filter((name) => name.startsWith("command-")),
  ];
});

describe("recordProgram", () => {
  it("gives a command's output as a sample", async () => {
    let seen: string | undefined;
    const recorded = await recordProgram(async () => {
      const command = new remote.Command("one", { connection: secret({ host: "a", privateKey: TOKEN }), create: "true" });
      command.stdout.apply((stdout) => (seen = stdout));
    });
    expect(seen).toBe("sample");
    expect(JSON.stringify(recorded)).not.toContain(TOKEN);
  });
});
