import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Hosts } from "./hosts";
import { Samples } from "./hosts-killed";

/** What kubeadm's own config of a join was, as long as it was there. */
export interface SeenConfig {
  host: string;
  mode: number;
  token: string | undefined;
  certificateKey: string | undefined;
}

/** Looks at command lines and environments as Samples does, and at the files that kubeadm reads secrets from. */
export class Watch extends Samples {
  readonly seen: SeenConfig[] = [];

  constructor(private readonly hosts: Hosts) {
    super();
  }

  protected override take(): void {
    super.take();
    for (const { name } of this.hosts.list) {
      try {
        const file = join(this.hosts.view(name), "run", "bearstack-kubeadm.yaml");
        const text = readFileSync(file, "utf8");
        if (!text.includes("JoinConfiguration")) continue;
        const [token, certificateKey] = [/^ *token: (.+)$/m.exec(text)?.[1], /^ *certificateKey: (.+)$/m.exec(text)?.[1]];
        this.seen.push({ host: name, mode: statSync(file).mode & 0o777, token, certificateKey });
      } catch {
        // there is none now
      }
    }
  }
}
