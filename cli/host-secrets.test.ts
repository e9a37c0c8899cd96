import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Secret } from "../components/core/secret";
import { hostSecrets, lookUp, parseConfig } from "./host-secrets";

describe("secrets of hosts", () => {
  let folder: string;
  const key = new Secret("bearstack:cluster.k3s.servers[1].privateKey");
  const password = new Secret("bearstack:cluster.k3s.ssh.sudoPassword");
  const printed = JSON.stringify({
    "bearstack:cluster": {
      value: "{}",
      objectValue: { k3s: { ssh: { sudoPassword: "canary-word" }, servers: [{ host: "192.0.2.1" }, { privateKey: "canary-key" }] } },
      secret: true,
    },
    "aws:region": { value: "eu-central-1", secret: false },
  });
  /** What passes for pulumi. */
  const pulumi = (text: string): void => writeFileSync(join(folder, "pulumi"), `#!/bin/sh\necho "$*" >${folder}/args\n${text}\n`, { mode: 0o755 });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bear-secrets-"));
    vi.stubEnv("PATH", `${folder}:/usr/bin:/bin`);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  it("are looked up by their paths in what pulumi config prints", () => {
    const config = parseConfig(printed);
    expect(lookUp(config, key.path)).toBe("canary-key");
    expect(lookUp(config, "aws:region")).toBe("eu-central-1");
    expect(() => lookUp(config, "bearstack:cluster.k3s.ssh.privateKey")).toThrow(/does not know bearstack:cluster\.k3s\.ssh\.privateKey/);
    expect(() => lookUp(config, "bearstack:other.a")).toThrow(/does not know/);
  });

  it("come from pulumi, which is asked without a word in its arguments", async () => {
    pulumi(`cat <<'END'\n${printed}\nEND`);
    const secrets = await hostSecrets({ stack: "prod" }, true);
    expect(secrets.privateKey(key)).toBe("canary-key");
    expect(secrets.sudoPassword(password)).toBe("canary-word");
  });

  it("come from files, and pulumi is not asked then", async () => {
    writeFileSync(join(folder, "id"), "file-key\n");
    writeFileSync(join(folder, "word"), "file-word\n");
    const secrets = await hostSecrets({ stack: "prod", identity: join(folder, "id"), sudoPasswordFile: join(folder, "word") }, true);
    expect(secrets.privateKey(key)).toBe("file-key\n");
    expect(secrets.sudoPassword(password)).toBe("file-word");
  });

  it("leave keys to the ssh-agent where one runs", async () => {
    vi.stubEnv("SSH_AUTH_SOCK", "");
    await expect(hostSecrets({ stack: "prod", agent: true }, false)).rejects.toThrow(/No ssh-agent runs here/);
    vi.stubEnv("SSH_AUTH_SOCK", "/run/agent");
    expect((await hostSecrets({ stack: "prod", agent: true }, false)).privateKey(key)).toBeUndefined();
  });

  it("say what to do where pulumi is missing or cannot open them", async () => {
    await expect(hostSecrets({ stack: "prod" }, false)).rejects.toThrow(/pulumi is not on PATH[^]*--identity <file> or --agent/);
    pulumi("echo 'error: passphrase must be set' >&2; exit 255");
    await expect(hostSecrets({ stack: "prod" }, false)).rejects.toThrow(/cannot open the config of prod: error: passphrase must be set/);
    writeFileSync(join(folder, "id"), "file-key\n");
    await expect(hostSecrets({ stack: "prod", identity: join(folder, "id") }, true)).rejects.toThrow(/--sudo-password-file/);
  });
});
