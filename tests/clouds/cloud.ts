import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type Values = Record<string, unknown>;

/** One thing in the stand-in's cloud. */
export interface Thing {
  type: string;
  name: string;
  id: string;
  inputs: Values;
  /** What the cloud gave it. */
  given: Values;
}

/** What a test says about the cloud. */
export interface Settings {
  /** Addresses of the API server that clusters get: that of EKS, that of GKE's DNS end point. */
  endpoint: string;
  dnsEndpoint: string;
  /** Certificate authority of EKS clusters, base64. */
  authority: string;
  /** Fields of a type that an update leaves unknown in its preview. */
  unknown?: Readonly<Record<string, readonly string[]>>;
  /** Clouds change by themselves what a stack leaves to them: nodes come, and GKE tells another pool's settings as the cluster's own. */
  drift?: boolean;
  /** How to see what is in the cluster: a kubectl, and a kubeconfig that is not of the stack. */
  kubectl: string;
  kubeconfig: string;
}

export interface Logged {
  op: "create" | "update" | "delete";
  type: string;
  name: string;
  /** Fields that an update changed. */
  changed?: readonly string[];
  /** Of clusters and nodes: what of ours was in the cluster by then. */
  inside?: readonly string[];
}

/** Files of a cloud, in a folder of the test: what is there, what happened, and what the test wants. */
export class Cloud {
  constructor(private readonly folder: string) {}

  get settings(): Settings {
    return JSON.parse(readFileSync(join(this.folder, "settings.json"), "utf8")) as Settings;
  }

  set settings(settings: Settings) {
    writeFileSync(join(this.folder, "settings.json"), JSON.stringify(settings, undefined, 2));
  }

  get things(): Thing[] {
    return read(join(this.folder, "things.json"), "[]") as Thing[];
  }

  set things(things: readonly Thing[]) {
    const file = join(this.folder, "things.json");
    writeFileSync(`${file}.new`, JSON.stringify(things, undefined, 2));
    renameSync(`${file}.new`, file);
  }

  get log(): Logged[] {
    return readText(join(this.folder, "log.jsonl"))
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Logged);
  }

  add(entry: Logged): void {
    appendFileSync(join(this.folder, "log.jsonl"), `${JSON.stringify(entry)}\n`);
  }

  /** How often, and for what, credentials were asked for; written by the stand-ins of `aws` and `gke-gcloud-auth-plugin`. */
  get logins(): string[] {
    return [...new Set(readText(join(this.folder, "logins")).split("\n").filter(Boolean))];
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

const read = (file: string, otherwise: string): unknown => JSON.parse(readText(file) || otherwise);
