import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { scriptFolder } from "../components/clusters/ssh/script";
import { FakeHost, systemctl, type Ran } from "./shell";

export const V = { old: "v1.35.9", low: "v1.36.2", now: "v1.36.3", skip: "v1.38.0" };

/** What passes for kubeadm: it notes what it is told, and makes the files that the real one makes; "fails" lets it fail. */
const kubeadm = (version: string): string => `#!/bin/sh
root=$ROOT_FOLDER
if [ "$1" = version ]; then echo ${version}; exit; fi
if [ "$1 $2" = "config images" ]; then for image in kube-apiserver:$5 kube-proxy:$5 coredns/coredns:v1.13 pause:3.10.2 etcd:3.6; do echo "$7/$image"; done; exit; fi
echo "$*" >>"$FACTS/kubeadm"
config=''
for word; do [ "$config" != next ] || config=$word; [ "$word" != --config ] || config=next; done
case $config in /*) cat "$config" >"$FACTS/config-$1"; stat -c %a "$config" >"$FACTS/mode" ;; esac
node() {
  mkdir -p "$root/etc/kubernetes/manifests" "$root/etc/kubernetes/pki/etcd" "$root/var/lib/kubelet"
  : >"$root/etc/kubernetes/kubelet.conf"
  [ "$1" = agent ] || {
    printf '    server: https://192.0.2.9:6443\\n' >"$root/etc/kubernetes/admin.conf"
    : >"$root/etc/kubernetes/pki/etcd/healthcheck-client.crt"
    printf 'metadata:\\n  name: kube-apiserver\\nspec:\\n    - --advertise-address=192.0.2.11\\n    image: registry.k8s.io/kube-apiserver:${version}\\n' >"$root/etc/kubernetes/manifests/kube-apiserver.yaml"
    printf 'metadata:\\n  annotations:\\n    kubeadm.kubernetes.io/etcd: x\\n  name: etcd\\nspec: {}\\n' >"$root/etc/kubernetes/manifests/etcd.yaml"
  }
  : >"$FACTS/active-kubelet"; echo active >"$FACTS/active-kubelet"
}
case $1 in
  init) [ "$2" = phase ] || { cp "$root/etc/kubernetes/manifests/kube-vip.yaml" "$FACTS/kube-vip" 2>/dev/null; node server; } ;;
  join)
    if grep -q certificateKey "$config"; then node server; else node agent; fi
    [ -e "$FACTS/taken" ] && { rm "$FACTS/taken"; echo 'a Node with name "node-1" and status "Ready" already exists in the cluster'; exit 1; } ;;
  reset) rm -rf "$root/etc/kubernetes/manifests" "$root/etc/kubernetes/pki" "$root/etc/kubernetes/"*.conf "$root/var/lib/kubelet"; rm -f "$FACTS/active-kubelet" ;;
  upgrade) node server ;;
  token) echo "kubeadm join 192.0.2.9:6443 --token canary.5e1f5e1f5e1f5e1f --discovery-token-ca-cert-hash sha256:abc " ;;
esac
if [ "$*" = "init phase upload-certs --upload-certs --kubeconfig $root/etc/kubernetes/admin.conf --config $config" ]; then
  printf '[upload-certs] Using certificate key:\\n${"0123456789abcdef".repeat(4)}\\n'
fi
if [ -e "$FACTS/fails-$1" ]; then echo "error: no route, token $(sed -n 's/^ *token: //p' "$config" 2>/dev/null)"; echo "error: no route"; exit 1; fi
exit 0
`;

const kubelet = (version: string): string => `#!/bin/sh\necho "Kubernetes ${version}"\n`;

/** kubectl answers from files: whether the API serves, the version that it was upgraded to, the node's version. */
const kubectl = (version: string): string => `#!/bin/sh
if [ "$1" = version ]; then echo "Client Version: ${version}"; exit; fi
echo "$*" >>"$FACTS/kubectl"
case "$*" in
  *"get --raw /readyz"*) [ ! -e "$FACTS/silent" ] ;;
  *"get node "*kubeletVersion*) [ -e "$FACTS/unknown" ] || printf '%s' "$("$ROOT_FOLDER/usr/local/bin/kubelet" --version | sed 's/Kubernetes //')" ;;
  *"get configmap kubeadm-config"*) echo "kubernetesVersion: $(cat "$FACTS/cluster")" ;;
  *"get pod "*renewed*) part=\${*#*get pod -n kube-system }; part=\${part%%-node-1*}
    [ -e "$FACTS/slow" ] || printf '%s true' "$(sed -n 's/^    bearstack.dev.renewed: "\\(.*\\)"$/\\1/p' "$ROOT_FOLDER/etc/kubernetes/manifests/$part.yaml")" ;;
  *"get pods"*) printf 'node-1 https://192.0.2.11:2379\\nnode-2 https://192.0.2.12:2379\\n' ;;
esac
`;

// Members of etcd, healthz of kubelets, the other servers' APIs.
const curl = `for url; do :; done
echo "$*" >>"$FACTS/curl"
case "$*" in
  *member/list*) [ ! -e "$FACTS/deaf" ] && cat "$FACTS/members" ;;
  *member/remove*) sed -i 's/{"ID":"1"[^}]*},\\{0,1\\}//' "$FACTS/members"; echo "{}" ;;
  *kv/range*) [ ! -e "$FACTS/deaf" ] && [ ! -e "$FACTS/mute" ] && cat "$FACTS/keys" ;;
  *:2379/version*) [ ! -e "$FACTS/deaf" ] ;;
  *:2379/health*) case $url in *192.0.2.13*) ;; *) echo '{"health":"true"}' ;; esac ;;
  *127.0.0.1:10248*) : ;;
  *192.0.2.10:6443/livez*) [ ! -e "$FACTS/unheld" ] ;;
  */livez*) [ -e "$FACTS/peer" ] ;;
  *) exit 22 ;;
esac`;

// Images by their names, in an archive and in containerd, a line each.
const ctr = `[ "$1 $2 $3" = "-n k8s.io images" ] || exit 64
case "$4 $5" in
  "list -q") [ ! -e "$FACTS/images" ] || sort -u "$FACTS/images" ;;
  import*) [ "$(head -n 1 "$5")" = images ] || exit 1; echo import >>"$FACTS/imports"; sed 1d "$5" >>"$FACTS/images" ;;
  *) exit 64 ;;
esac`;

/** Three members, of which the first is this host. */
export const MEMBERS =
  '{"header":{"cluster_id":"9","member_id":"1"},"members":[{"ID":"1","name":"node-1","peerURLs":["https://192.0.2.11:2380"],"clientURLs":["https://192.0.2.11:2379"]},{"ID":"2","name":"node-2","peerURLs":["https://192.0.2.12:2380"],"clientURLs":["https://192.0.2.12:2379"]},{"ID":"3","name":"node-3","peerURLs":["https://192.0.2.13:2380"],"clientURLs":["https://192.0.2.13:2379"]}]}';

const containerd = (version: string): string => `echo "containerd github.com/containerd/containerd ${version} abc"`;
const aptGet = `echo "$*" >>"$FACTS/apt-get"
case "$*" in *install*) [ ! -e "$FACTS/no-packages" ] || exit 100
  printf '#!/bin/sh\\n${containerd("1.7.24").replaceAll('"', '\\"')}\\n' >"$ROOT_FOLDER/bin/containerd"; chmod 755 "$ROOT_FOLDER/bin/containerd"
  mkdir -p "$ROOT_FOLDER/usr/lib/cni"; : >"$ROOT_FOLDER/usr/lib/cni/bridge" ;;
esac`;

const CLUSTER = (version: string): string =>
  `kind: ClusterConfiguration\nkubernetesVersion: ${version}\ncontrolPlaneEndpoint: k8s.example.com:6443\nnetworking:\n  podSubnet: 10.42.0.0/16\n  serviceSubnet: 10.43.0.0/16\n  dnsDomain: cluster.local\n`;
const JOIN =
  'kind: JoinConfiguration\ndiscovery:\n  bootstrapToken:\n    apiServerEndpoint: 192.0.2.12:6443\n    token: "@TOKEN@"\n    caCertHashes:\n      - "@HASH@"\n';

/** Of the first server. */
export const settings = (version = V.now) => ({
  ROLE: "server",
  NODE_NAME: "node-1",
  VERSION: version,
  ARTIFACTS: "/srv/artifacts",
  RUNTIME: "distribution",
  IMAGES: "registry.k8s.io",
  FORWARD: "ipv4",
  BOOTSTRAP: "yes",
  CLUSTER: CLUSTER(version),
  INIT: "kind: InitConfiguration",
  SANS: "",
  JOIN: `${JOIN}controlPlane:\n  certificateKey: "@KEY@"\n`,
  WAIT_SECONDS: "1",
  HALF_SECONDS: "1",
  RETRY_SECONDS: "0",
  SETTLE_SECONDS: "0",
});
export const secrets = { ENCRYPTION_KEY: "0123456789abcdefghijKLMNOPQRSTUV", JOIN: "canary.5e1f5e1f5e1f5e1f sha256:abc 7c2d7c2d" };
export const joining = { BOOTSTRAP: "no" };
export const agent = { ROLE: "agent", BOOTSTRAP: "no", JOIN };

/** A fake host with systemd, containerd, a network and the releases of Kubernetes. */
export class KubeadmHost extends FakeHost {
  constructor(shell: string, runtime: string | null = "v2.3.7") {
    super(shell, {
      systemctl: systemctl.replace("start)", "start | restart)"),
      curl,
      ctr,
      "apt-get": aptGet,
      ...(runtime === null ? {} : { containerd: containerd(runtime) }),
    });
    for (const version of Object.values(V)) this.release(version);
    this.write("proc/mounts", "");
    this.write("proc/sys/net/ipv4/ip_forward", "0\n");
    this.write("facts/members", MEMBERS);
    this.write("facts/keys", '{"header":{"cluster_id":"9"}}');
  }

  /** Puts a release there, with another checksum where a test wants that. */
  release(version: string, sum?: string): void {
    for (const [name, text] of Object.entries({ kubeadm: kubeadm(version), kubelet: kubelet(version), kubectl: kubectl(version) }))
      for (const arch of ["amd64", "arm64"]) {
        this.write(`srv/artifacts/${version}/bin/linux/${arch}/${name}`, text);
        this.write(`srv/artifacts/${version}/bin/linux/${arch}/${name}.sha256`, sum ?? createHash("sha256").update(text).digest("hex"));
      }
    this.write("facts/cluster", `${V.now}\n`);
  }

  /** Puts an archive of images there, with another checksum where a test wants that. */
  archive(version: string, text: string, sum?: string): void {
    for (const arch of ["amd64", "arm64"]) {
      const path = `srv/artifacts/${version}/bin/linux/${arch}/kubernetes-images-${arch}.tar`;
      this.write(path, text);
      this.write(`${path}.sha256`, `${sum ?? createHash("sha256").update(text).digest("hex")}  kubernetes-images-${arch}.tar\n`);
    }
  }

  /** Puts releases of the container runtime there, as GitHub has them. */
  githubReleases(sum?: string): void {
    const digest = (file: string): string =>
      sum ??
      createHash("sha256")
        .update(readFileSync(join(this.root, file)))
        .digest("hex");
    const tar = (file: string, folder: string): void => void execFileSync("tar", ["-czf", join(this.root, file), "-C", join(this.root, folder), "."]);
    this.program("parts/containerd/bin/containerd", containerd("v2.3.7"));
    this.program("parts/plugins/bridge", "exit 0");
    for (const arch of ["amd64", "arm64"]) {
      const at = (repository: string, version: string): string => `srv/github/${repository}/releases/download/${version}`;
      const containers = `${at("containerd/containerd", "v2.3.7")}/containerd-2.3.7-linux-${arch}.tar.gz`;
      this.write(containers, "");
      tar(containers, "parts/containerd");
      this.write(`${containers}.sha256sum`, `${digest(containers)}  containerd-2.3.7-linux-${arch}.tar.gz\n`);
      for (const version of ["v1.4.2", "v1.4.3"]) {
        this.write(`${at("opencontainers/runc", version)}/runc.${arch}`, "runc");
        this.write(
          `${at("opencontainers/runc", version)}/runc.sha256sum`,
          `${digest(`${at("opencontainers/runc", version)}/runc.${arch}`)} *runc.amd64\n${digest(`${at("opencontainers/runc", version)}/runc.${arch}`)} *runc.arm64\n`,
        );
      }
      const plugins = `${at("containernetworking/plugins", "v1.9.1")}/cni-plugins-linux-${arch}-v1.9.1.tgz`;
      this.write(plugins, "");
      tar(plugins, "parts/plugins");
      this.write(`${plugins}.sha256`, `${digest(plugins)}  cni-plugins-linux-${arch}-v1.9.1.tgz\n`);
    }
  }

  /** `before`: a script of this host that runs first. */
  node(more: object = {}, given: Record<string, string> = secrets, before?: string): Ran {
    const phases = [
      ...(before === undefined ? [] : [relative(scriptFolder(), join(this.root, before))]),
      "kubeadm/scripts/lib.sh",
      "ssh/scripts/release.sh",
      "ssh/scripts/proxy.sh",
      "ssh/scripts/registries.sh",
      "ssh/scripts/hardening.sh",
      "ssh/scripts/datastore.sh",
      ...["install", "runtime", "images", "configure", "hardening", "rotate", "virtual-address", "start"].map((phase) => `kubeadm/scripts/${phase}.sh`),
    ];
    const { VERSION } = more as { VERSION?: string };
    return this.run(phases, { ...settings(VERSION), ...more }, given);
  }

  /** What kubeadm was told, without the paths of this folder and its own questions. */
  told(): string[] {
    if (!this.has("facts/kubeadm")) return [];
    return this.read("facts/kubeadm").trim().replaceAll(this.root, "").split("\n");
  }
}
