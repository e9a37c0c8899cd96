import { createHash } from "node:crypto";
import { parse } from "yaml";
import { expect } from "vitest";
import { IMAGES } from "../components/clusters/k3s/steps";
import { imagesSettings } from "../components/clusters/ssh/images";
import { FakeHost, systemctl, type Ran } from "./shell";

/** Versions that a fake host finds under /srv/artifacts. */
export const V = { old: "v1.35.4+k3s1", low: "v1.36.1+k3s1", now: "v1.36.2+k3s1", skip: "v1.37.0+k3s2" };

/** What passes for k3s: kubectl answers from files, a node is "<version> <label of etcd> <vote>" and its Ready status. */
export const k3s = (version: string): string => `#!/bin/sh
if [ "$1" = --version ]; then echo "k3s version ${version} (0000)"; echo "go version go1.25"; exit; fi
shift
echo "$*" >>"$FACTS/kubectl"
case "$*" in *"--server https://down"*) exit 1 ;; esac
case "$*" in
  *"get --raw /readyz"*) [ -e "$FACTS/ready" ] ;;
  *"get node "*kubeletVersion*) name=\${*#*get node }; cat "$FACTS/node-\${name%% *}" 2>/dev/null || true ;;
  *"get node "*"-o name"*) name=\${*#*get node }; [ ! -e "$FACTS/node-\${name%% *}" ] || echo "node/\${name%% *}" ;;
  *"get node "*Ready*) name=\${*#*get node }; sed -n "s/^\${name%% *} //p" "$FACTS/members" ;;
  *"get nodes "*) cat "$FACTS/members" ;;
  *" drain "*) [ ! -e "$FACTS/blocked" ] ;;
  *" delete node "*) name=\${*#*delete node }; rm -f "$FACTS/node-\${name%% *}"; echo deleted ;;
esac
`;

/** What k3s does once it runs: a server gets data, token, kubeconfig and a node; "fails" keeps it from being ready. */
export const comesUp = `root=$ROOT_FOLDER
case $unit in k3s)
  mkdir -p "$root/var/lib/rancher/k3s/server/db/etcd/member"
  [ -e "$FACTS/fails" ] || {
    echo "K10abc::server:secret" >"$root/var/lib/rancher/k3s/server/token"
    printf 'clusters:\\n- cluster:\\n    server: https://127.0.0.1:6443\\n' >"$root/etc/rancher/k3s/k3s.yaml"
    echo "$("$root/usr/local/bin/k3s" --version | sed -n 's/k3s version \\([^ ]*\\).*/\\1/p') true \${VOTES:-}" >"$FACTS/node-node-1"
    : >"$FACTS/ready"
  } ;;
esac`;

// Healthz of an agent's kubelet, /ping of servers, and files of a mirror.
const curl = `for url; do :; done
echo "$*" >>"$FACTS/curl"
case "$*" in *"-K - "*) cat >>"$FACTS/curl-config" ;; esac
case $url in
  http://127.0.0.1:10248/*) [ -e "$FACTS/healthy" ] ;;
  https://mirror.example.com/*) while [ "$1" != -o ]; do shift; done; file=\${url#https://mirror.example.com/}; cp "$ROOT_FOLDER/mirror/$file" "$2" ;;
  https://*/ping) [ -e "$FACTS/peer" ] ;;
  *) exit 22 ;;
esac`;

/** Scripts with what they build on. */
export const phases = {
  install: ["k3s/scripts/lib.sh", "ssh/scripts/release.sh", "k3s/scripts/install.sh"],
  images: ["ssh/scripts/release.sh", "ssh/scripts/images.sh"],
  drain: ["k3s/scripts/lib.sh", "ssh/scripts/drain.sh"],
  leave: ["ssh/scripts/clean.sh", "k3s/scripts/leave.sh"],
};

/** Of the first server. */
export const settings = {
  ROLE: "server",
  NODE_NAME: "node-1",
  VERSION: V.now,
  ARTIFACTS: "/srv/artifacts",
  CONFIG: 'node-name: "node-1"\ncluster-cidr: 10.42.0.0/16\n',
  BOOTSTRAP: "yes",
  SERVER_URL: "",
  WAIT_SECONDS: "1",
  ...imagesSettings("k3s", false, IMAGES),
};
export const secrets = { TOKEN: "canary-5e1f", AGENT_TOKEN: "agent-7c2d" };
export const joining = { BOOTSTRAP: "no", SERVER_URL: "https://192.0.2.11:6443" };
export const agent = { ...joining, ROLE: "agent" };

/** A fake host with systemd, a network and the releases of k3s. */
export class K3sHost extends FakeHost {
  constructor(shell: string) {
    super(shell, { systemctl, curl, journalctl: `cat "$FACTS/journal" 2>/dev/null` });
    for (const version of Object.values(V)) this.release("srv/artifacts", version);
    this.write("facts/on-start", comesUp);
    this.write("proc/mounts", "");
  }

  /** Puts a release there, with another checksum or another version inside where a test wants that. */
  release(folder: string, version: string, sum?: string, says = version): void {
    const digest = sum ?? createHash("sha256").update(k3s(says)).digest("hex");
    for (const [file, arch] of [
      ["k3s", "amd64"],
      ["k3s-arm64", "arm64"],
    ] as const) {
      const [archive, images] = [`k3s-airgap-images-${arch}.tar.zst`, `images ${says}`];
      this.write(`${folder}/${version}/${file}`, k3s(says));
      this.write(`${folder}/${version}/${archive}`, images);
      this.write(`${folder}/${version}/sha256sum-${arch}.txt`, `${createHash("sha256").update(images).digest("hex")}  ${archive}\n${digest}  ${file}\n`);
    }
  }

  node(more: object = {}, tokens: Record<string, string> = secrets): Ran {
    return this.run(
      [
        ...phases.install,
        "ssh/scripts/images.sh",
        "ssh/scripts/proxy.sh",
        "ssh/scripts/hardening.sh",
        "k3s/scripts/options.sh",
        "k3s/scripts/configure.sh",
        "k3s/scripts/start.sh",
      ],
      { ...settings, ...more },
      tokens,
    );
  }

  config(): Record<string, unknown> {
    return parse(this.read("etc/rancher/k3s/config.yaml")) as Record<string, unknown>;
  }
}

/** It went well, and said nothing where results go. */
export const done = (run: Ran): void => expect(run).toMatchObject({ code: 0, stdout: "" });

/** It refused, with a reason and a fix. */
export function refused(run: Ran, what: string): void {
  expect(run.code).toBe(1);
  expect(run.stdout).toBe("");
  expect(run.stderr).toMatch(/error: .+\n→ .+\n$/);
  expect(run.stderr).toContain(`error: ${what}`);
}
