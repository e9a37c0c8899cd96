import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { kubeVipManifest, VirtualAddress } from "./kube-vip";

const pod = (address: string) =>
  parse(kubeVipManifest(VirtualAddress.parse({ address, interface: "eth0" }), "/etc/rancher/k3s/k3s.yaml")) as {
    spec: {
      hostNetwork: boolean;
      hostAliases: object[];
      containers: { image: string; env: { name: string; value?: string }[]; securityContext: { capabilities: object; privileged?: boolean } }[];
      volumes: { hostPath: { path: string; type: string } }[];
    };
  };
const settings = (address: string): Record<string, string | undefined> =>
  Object.fromEntries(pod(address).spec.containers[0]!.env.map(({ name, value }) => [name, value]));

describe("the static pod of kube-vip", () => {
  it("announces one address of the control plane by ARP, after an election", () => {
    expect(settings("192.0.2.10")).toMatchObject({
      address: "192.0.2.10",
      vip_interface: "eth0",
      vip_subnet: "32",
      vip_arp: "true",
      cp_enable: "true",
      svc_enable: "false",
      vip_leaderelection: "true",
    });
    expect(settings("2001:db8::10")).toMatchObject({ address: "2001:db8::10", vip_subnet: "128" });
  });

  it("has two rights and no more, and asks the server it is on", () => {
    const { spec } = pod("192.0.2.10");
    expect(spec.containers[0]!.securityContext).toMatchObject({ capabilities: { drop: ["ALL"], add: ["NET_ADMIN", "NET_RAW"] } });
    expect(spec.containers[0]!.securityContext.privileged).toBeUndefined();
    expect(spec.hostAliases).toEqual([{ ip: "127.0.0.1", hostnames: ["kubernetes"] }]);
    expect(spec.volumes[0]!.hostPath).toEqual({ path: "/etc/rancher/k3s/k3s.yaml", type: "File" });
  });

  it("takes no address that is none, and no image without a version", () => {
    const problem = (more: object) => VirtualAddress.safeParse({ address: "192.0.2.10", interface: "eth0", ...more }).error?.issues[0]?.message;
    expect(problem({})).toBeUndefined();
    expect(problem({ address: "k8s.example.com" })).toContain("is no IP address");
    expect(problem({ image: "ghcr.io/kube-vip/kube-vip" })).toContain("is no image with a version");
    expect(problem({ interface: "eth0; reboot" })).toContain("is no network interface");
  });
});
