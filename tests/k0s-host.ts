import { createHash } from "node:crypto";
import { parse } from "yaml";
import { imagesOf } from "../components/clusters/k0s/steps";
import { imagesSettings } from "../components/clusters/ssh/images";
import { FakeHost, systemctl, type Ran } from "./shell";

/** Versions that a fake host finds under /srv/artifacts. */
export const V = { old: "v1.35.7+k0s.0", low: "v1.36.3+k0s.1", now: "v1.36.3+k0s.2", skip: "v1.37.0+k0s.0" };

/**
 * What passes for k0s: it answers from files. members: "<name> <address>" of etcd; node-<name>: version of its kubelet;
 * nodes: "<name> <Ready>"; status: of the one that runs.
 */
export const k0s = (version: string): string => `#!/bin/sh
echo "$*" >>"$FACTS/k0s"
case "$*" in
  version) echo "${version}" ;;
  "status -o json") [ -e "$FACTS/status" ] && cat "$FACTS/status" ;;
  "etcd member-list") [ -e "$FACTS/members" ] || exit 1; awk 'BEGIN { printf "{\\"members\\":{" } { printf "%s\\"%s\\":\\"https://%s:2380\\"", (NR > 1 ? "," : ""), $1, $2 } END { print "}}" }' "$FACTS/members" ;;
  "etcd leave --peer-address "*) [ ! -e "$FACTS/stays" ] || exit 1; sed -i "/ \${4}\$/d" "$FACTS/members" ;;
  "token create "*) printf 'clusters:\\n- cluster:\\n    server: https://192.0.2.9:6443\\n  name: k0s\\nusers:\\n- name: %s\\n' "$3" | gzip -9 | base64 | tr -d '\\n'; echo ;;
  "kubeconfig admin") [ -e "$FACTS/ready" ] && printf 'clusters:\\n- cluster:\\n    server: https://192.0.2.9:6443\\n' ;;
  "backup --save-path="*) [ ! -e "$FACTS/unwell" ] || { echo "Error: no leader" >&2; exit 1; }; tar -czf "\${2#--save-path=}/k0s_backup_2026-01-02T03_04_05_000Z.tar.gz" -C "$FACTS/archive" etcd-snapshot.db pki k0s.yaml ;;
  "restore -") cat >"$FACTS/restored.tar.gz"; mkdir -p "$ROOT_FOLDER/var/lib/k0s/etcd/member/snap"; [ ! -e "$FACTS/unwell" ] || { echo "Error: failed to restore" >&2; exit 1; }
    : >"$ROOT_FOLDER/var/lib/k0s/etcd/member/snap/db"; tar -xzf "$FACTS/restored.tar.gz" -C "$ROOT_FOLDER/var/lib/k0s" pki ;;
  *"get --raw /readyz"*) [ -e "$FACTS/ready" ] ;;
  *"get node "*kubeletVersion*) name=\${*#*get node }; cat "$FACTS/node-\${name%% *}" 2>/dev/null || true ;;
  *"get node "*"-o name"*) name=\${*#*get node }; [ ! -e "$FACTS/node-\${name%% *}" ] || echo "node/\${name%% *}" ;;
  *"get node "*Ready*) name=\${*#*get node }; sed -n "s/^\${name%% *} //p" "$FACTS/nodes" ;;
  *"get nodes "*) cat "$FACTS/nodes" ;;
  *" drain "*) [ ! -e "$FACTS/blocked" ] ;;
  *" delete node "*) name=\${*#*delete node }; rm -f "$FACTS/node-\${name%% *}"; echo deleted ;;
esac
`;

/** What k0s does once it runs: a server gets data, a place in etcd and a node, an agent a kubeconfig; "fails" keeps it from that. */
export const comesUp = `root=$ROOT_FOLDER
case $unit in
  k0scontroller)
    mkdir -p "$root/var/lib/k0s/etcd/member/snap"
    : >"$root/var/lib/k0s/etcd/member/snap/db"
    [ -e "$FACTS/fails" ] || { echo "node-1 192.0.2.11" >"$FACTS/members"; echo "v1.36.3+k0s" >"$FACTS/node-node-1"; : >"$FACTS/ready"; } ;;
  k0sworker) mkdir -p "$root/var/lib/k0s"; [ -e "$FACTS/fails" ] || : >"$root/var/lib/k0s/kubelet.conf" ;;
esac
case $unit in k0s-*) ;; *) [ -e "$FACTS/fails" ] ||
  printf '{\\n   "Version": "%s",\\n   "WorkerToAPIConnectionStatus": {\\n      "Message": "",\\n      "Success": true\\n   },\\n   "ClusterConfig": {\\n      "spec": {\\n         "api": {\\n            "address": "192.0.2.11",\\n            "port": 6443\\n' "$("$root/usr/local/bin/k0s" version)" >"$FACTS/status" ;; esac`;

// Healthz of a kubelet, the join API of servers and their clocks, and files of a mirror.
const curl = `for url; do :; done
echo "$*" >>"$FACTS/curl"
case $url in
  http://127.0.0.1:10248/*) [ -e "$FACTS/healthy" ] ;;
  https://mirror.example.com/*) while [ "$1" != -o ]; do shift; done; file=\${url#https://mirror.example.com/}; cp "$ROOT_FOLDER/mirror/$file" "$2" ;;
  */v3/kv/range) [ -e "$FACTS/keys" ] && cat "$FACTS/keys" ;;
  *:2379/version) : ;;
  https://*:9443/) [ -e "$FACTS/peer" ] ;;
  https://*/livez) [ -e "$FACTS/behind" ] || exit 7; case $* in *'-o /dev/null'*) exit ;; esac; printf 'HTTP/1.1 404 Not Found\\r\\nDate: %s\\r\\n\\r\\n' "$(date -u -d "@$(($(date +%s) - $(cat "$FACTS/behind")))" '+%a, %d %b %Y %H:%M:%S GMT')" ;;
  *) exit 22 ;;
esac`;

/** Scripts with what they build on. */
export const phases = {
  install: ["k0s/scripts/lib.sh", "ssh/scripts/release.sh", "k0s/scripts/install.sh"],
  images: ["k0s/scripts/lib.sh", "ssh/scripts/release.sh", "ssh/scripts/images.sh"],
  containerd: ["k0s/scripts/lib.sh", "ssh/scripts/proxy.sh", "ssh/scripts/registries.sh", "k0s/scripts/containerd.sh"],
  configure: ["k0s/scripts/lib.sh", "ssh/scripts/datastore.sh", "k0s/scripts/configure.sh"],
  node: [
    "k0s/scripts/lib.sh",
    "ssh/scripts/release.sh",
    "k0s/scripts/install.sh",
    "ssh/scripts/images.sh",
    "ssh/scripts/proxy.sh",
    "ssh/scripts/registries.sh",
    "k0s/scripts/containerd.sh",
    "ssh/scripts/datastore.sh",
    "ssh/scripts/hardening.sh",
    "k0s/scripts/hardening.sh",
    "k0s/scripts/configure.sh",
    "k0s/scripts/start.sh",
  ],
  admit: ["k0s/scripts/lib.sh", "k0s/scripts/admit.sh"],
  kubeconfig: ["k0s/scripts/lib.sh", "k0s/scripts/kubeconfig.sh"],
  drain: ["k0s/scripts/lib.sh", "ssh/scripts/drain.sh"],
  leave: ["k0s/scripts/lib.sh", "ssh/scripts/clean.sh", "k0s/scripts/leave.sh"],
};

/** Of the first server. */
export const settings = {
  ROLE: "server",
  NODE_NAME: "node-1",
  VERSION: V.now,
  ARTIFACTS: "/srv/artifacts",
  ARGUMENTS: "controller --enable-worker --kubelet-extra-args=--hostname-override=node-1",
  CONFIG: "spec:\n  network:\n    provider: kuberouter\n    podCIDR: 10.244.0.0/16\n",
  CALENDAR: "*-*-* 00,12:00:00",
  KEEP: "3",
  BOOTSTRAP: "yes",
  WAIT_SECONDS: "1",
};
export const ENCRYPTION = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n";
export const TOKEN = "H4sICANARY5e1fAAAA+/==";
export const secrets = { JOIN: `${TOKEN}\n${Buffer.from(ENCRYPTION).toString("base64")}` };
export const joining = { BOOTSTRAP: "no" };
export const agent = { ...joining, ROLE: "agent", ARGUMENTS: "worker --kubelet-extra-args=--hostname-override=node-1" };

/** A fake host with systemd, users, a network and the releases of k0s. */
export class K0sHost extends FakeHost {
  constructor(shell: string) {
    super(shell, {
      systemctl,
      curl,
      journalctl: `cat "$FACTS/journal" 2>/dev/null`,
      id: `[ "$1" = -u ] && [ $# -eq 1 ] && { echo 0; exit; }; grep -qx "$1" "$FACTS/users" 2>/dev/null`,
      useradd: `for user; do :; done; echo "$user" >>"$FACTS/users"`,
      userdel: `sed -i "/^$1\\$/d" "$FACTS/users"`,
      chown: `echo "$*" >>"$FACTS/chown"`,
    });
    for (const version of Object.values(V)) this.release("srv/artifacts", version);
    this.write("facts/on-start", comesUp);
    this.write("proc/mounts", "");
  }

  /** Puts a release there, with another checksum or another version inside where a test wants that. */
  release(folder: string, version: string, sum?: string, says = version): void {
    const digest = sum ?? createHash("sha256").update(k0s(says)).digest("hex");
    const files = ["amd64", "arm64"].map((arch) => `k0s-${says}-${arch}`);
    for (const file of files) this.write(`${folder}/${version}/${folder === "mirror" ? encodeURIComponent(file) : file}`, k0s(says));
    const images = `images ${says}`;
    const archives = ["amd64", "arm64"].map((arch) => `k0s-airgap-bundle-${says}-${says.startsWith("v1.35.") ? arch : `linux-${arch}.tar`}`);
    for (const file of archives) this.write(`${folder}/${version}/${folder === "mirror" ? encodeURIComponent(file) : file}`, images);
    const sums = archives.map((file) => `${createHash("sha256").update(images).digest("hex")} *${file}`);
    this.write(`${folder}/${version}/sha256sums.txt`, [...sums, ...files.map((file) => `${digest} *${file}`), ""].join("\n"));
  }

  node(more: Record<string, string> = {}, given: Record<string, string> = {}): Ran {
    return this.run(phases.node, { ...settings, ...imagesSettings("k0s", false, imagesOf(more["VERSION"] ?? settings.VERSION)), ...more }, given);
  }

  config(): Record<string, unknown> {
    return parse(this.read("etc/k0s/k0s.yaml")) as Record<string, unknown>;
  }
}

export { done, refused } from "./k3s-host";
