import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a program says: something on stdout, perhaps with a warning, or an error with its exit code. */
export type Answer = { says: unknown; warns?: string } | { fails: string; code: number };

/** Stand-ins for the clouds' programs, alone on PATH: they print what a test wants and note how they were called. No cloud is behind them. */
export class Programs {
  readonly folder = mkdtempSync(join(tmpdir(), "bear-cloud-"));
  private readonly log = join(this.folder, "log");

  constructor() {
    symlinkSync("/bin/cat", join(this.folder, "cat"));
  }

  /** Answers by the first words of the arguments. */
  stand(name: string, answers: Record<string, Answer>): void {
    const cases = Object.entries(answers).map(([words, answer], index) => {
      const file = (text: string, part: string): string => {
        const path = join(this.folder, `${name}-${index}-${part}`);
        writeFileSync(path, text);
        return `cat ${path}`;
      };
      const says =
        "says" in answer
          ? `${file(answer.warns ?? "", "err")} >&2; ${file(JSON.stringify(answer.says), "out")}; exit 0`
          : `${file(answer.fails, "err")} >&2; exit ${answer.code}`;
      return `"${words}"*) ${says};;`;
    });
    const note = `echo "${name} $*\${AWS_SESSION_TOKEN:+ as $AWS_ACCESS_KEY_ID/$AWS_SECRET_ACCESS_KEY/$AWS_SESSION_TOKEN}" >>${this.log}`;
    writeFileSync(join(this.folder, name), ["#!/bin/sh", note, 'case "$*" in', ...cases, "esac", 'echo "not asked for: $*" >&2', "exit 9", ""].join("\n"));
    chmodSync(join(this.folder, name), 0o755);
  }

  get calls(): string[] {
    return readFileSync(this.log, "utf8").split("\n").filter(Boolean);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
