import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Report } from "../../sandbox/tools";
import { ensureTool, toolVersion } from "../../sandbox/tools";

/** The version that the control plane's sources are. */
export const KUBERNETES = toolVersion("k8s.io/kubernetes");

/** Programs of one version of Kubernetes, of which all but the first are the same sources under another number. */
export interface KubernetesPrograms {
  version: string;
  kubeadm: string;
  kubectl: string;
  controlPlane: string;
}

export interface KubeadmPrograms {
  versions: readonly KubernetesPrograms[];
  etcd: string;
  /** What the image of etcd has besides. */
  etcdutl?: string;
  /** What the stand-in of containerd says it is. */
  containerd?: string;
}

/** The real programs; a version other than that of the sources is a stand-in for a release of that number. */
export async function kubeadmPrograms(versions: readonly string[], report: Report): Promise<KubeadmPrograms> {
  const programs: KubernetesPrograms[] = [];
  for (const version of versions) {
    const stamp = version === KUBERNETES ? undefined : version;
    programs.push({
      version,
      kubeadm: await ensureTool("kubeadm", report, stamp),
      kubectl: await ensureTool("kubectl", report, version), // never one from PATH
      controlPlane: await ensureTool("kube-control-plane", report, stamp),
    });
  }
  return { versions: programs, etcd: await ensureTool("etcd", report) };
}

/** What the kernel must have for kubeadm's preflight; the test bed's own need not have it, since it runs no containers. */
const KERNEL = ["NAMESPACES", "NET_NS", "PID_NS", "IPC_NS", "UTS_NS", "CPUSETS", "MEMCG", "INET", "EXT4_FS", "PROC_FS", "NETFILTER_XT_TARGET_REDIRECT"]
  .concat(["NETFILTER_XT_MATCH_COMMENT", "FAIR_GROUP_SCHED", "CGROUPS", "CGROUP_BPF", "CGROUP_PIDS", "CGROUP_SCHED"])
  .map((name) => `CONFIG_${name}=y\n`)
  .join("");

/** Gives hosts what kubeadm needs: its stand-ins, the programs of the control plane as images, the releases as artefacts. */
export function putKubeadm(shared: string, artifacts: string, given: KubeadmPrograms): void {
  const standIns = join(shared, "kubeadm");
  cpSync(join(__dirname, "stand-ins", "kubeadm"), standIns, { recursive: true });
  writeFileSync(join(standIns, "node"), process.execPath);
  writeFileSync(join(standIns, "containerd-version"), given.containerd ?? "v2.3.7");
  for (const program of ["apt-get", "ctr"]) chmodSync(join(standIns, program), 0o755);
  // init.sh puts both over what this computer has.
  writeFileSync(join(shared, "cgroup.controllers"), "cpuset cpu io memory hugetlb pids\n");
  writeFileSync(join(shared, "config.gz"), gzipSync(KERNEL));
  const tools = join(shared, "tools");
  mkdirSync(tools);
  copyFileSync(given.etcd, join(tools, "etcd"));
  const image = join(shared, "images", "etcd", "usr", "local", "bin");
  mkdirSync(image, { recursive: true });
  if (given.etcdutl !== undefined) copyFileSync(given.etcdutl, join(image, "etcdutl"));
  for (const { version, kubeadm, kubectl, controlPlane } of given.versions) {
    copyFileSync(controlPlane, join(tools, `kube-control-plane-${version}`));
    const folder = join(artifacts, version, "bin", "linux", process.arch === "arm64" ? "arm64" : "amd64");
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    copyFileSync(kubeadm, join(folder, "kubeadm"));
    copyFileSync(kubectl, join(folder, "kubectl"));
    const kubelet = `#!${process.execPath}\n// A stand-in; what it keeps and what it does not prove: tests/hosts/stand-ins/kubeadm/kubelet.cjs\nrequire("/srv/bed/kubeadm/kubelet.cjs").main("${version}");\n`;
    writeFileSync(join(folder, "kubelet"), kubelet);
    for (const name of ["kubeadm", "kubectl", "kubelet"]) {
      chmodSync(join(folder, name), 0o755);
      writeFileSync(
        join(folder, `${name}.sha256`),
        createHash("sha256")
          .update(readFileSync(join(folder, name)))
          .digest("hex"),
      );
    }
  }
}
