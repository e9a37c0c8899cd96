import { describe, expect, it } from "vitest";
import { podSecurityOf } from "./pod-security";

const tight = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
const pod = { securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } }, containers: [{ securityContext: tight }] };

describe("podSecurityOf", () => {
  it.each([
    ["a tight pod", pod],
    ["a tight container of its own", { containers: [{ securityContext: { ...tight, runAsNonRoot: true, seccompProfile: { type: "Localhost" } } }] }],
    ["a low port", { ...pod, containers: [{ securityContext: { ...tight, capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] } } }] }],
    ["a claim", { ...pod, volumes: [{ name: "data", persistentVolumeClaim: { claimName: "x" } }] }],
    ["an empty volume source", { ...pod, volumes: [{ name: "data" }] }],
  ])("lets %s pass restricted", (_what, spec) => {
    expect(podSecurityOf(spec)).toBe("restricted");
  });

  it.each([
    ["no security context", { containers: [{}] }],
    ["root by number", { ...pod, securityContext: { ...pod.securityContext, runAsUser: 0 } }],
    ["a container that overrides the pod", { ...pod, containers: [{ securityContext: { ...tight, runAsNonRoot: false } }] }],
    ["an init container without one", { ...pod, initContainers: [{}] }],
    ["an NFS volume", { ...pod, volumes: [{ name: "data", nfs: { server: "x", path: "/" } }] }],
    ["an added capability that baseline allows", { ...pod, containers: [{ securityContext: { ...tight, capabilities: { drop: ["ALL"], add: ["CHOWN"] } } }] }],
    ["a safe sysctl without the rest", { containers: [{}], securityContext: { sysctls: [{ name: "net.ipv4.tcp_syncookies", value: "1" }] } }],
  ])("finds that %s needs baseline", (_what, spec) => {
    expect(podSecurityOf(spec)).toBe("baseline");
  });

  it.each([
    ["the host's network", { ...pod, hostNetwork: true }],
    ["the host's processes", { ...pod, hostPID: true }],
    ["a host path", { ...pod, volumes: [{ name: "logs", hostPath: { path: "/var/log" } }] }],
    ["a host port", { ...pod, containers: [{ securityContext: tight, ports: [{ containerPort: 80, hostPort: 80 }] }] }],
    ["a privileged container", { ...pod, containers: [{ securityContext: { privileged: true } }] }],
    ["a strong capability", { ...pod, containers: [{ securityContext: { capabilities: { add: ["NET_ADMIN"] } } }] }],
    ["no seccomp", { ...pod, securityContext: { seccompProfile: { type: "Unconfined" } } }],
    ["an unsafe sysctl", { ...pod, securityContext: { sysctls: [{ name: "kernel.msgmax", value: "1" }] } }],
    ["a SELinux type of its own", { ...pod, securityContext: { seLinuxOptions: { type: "spc_t" } } }],
    ["a raw proc mount", { ...pod, containers: [{ securityContext: { procMount: "Unmasked" } }] }],
    ["a probe of another host", { ...pod, containers: [{ securityContext: tight, livenessProbe: { httpGet: { host: "10.0.0.1" } } }] }],
  ])("finds that %s needs privileged", (_what, spec) => {
    expect(podSecurityOf(spec)).toBe("privileged");
  });

  it("reads AppArmor annotations", () => {
    expect(podSecurityOf(pod, { "container.apparmor.security.beta.kubernetes.io/x": "unconfined" })).toBe("privileged");
    expect(podSecurityOf(pod, { "container.apparmor.security.beta.kubernetes.io/x": "runtime/default" })).toBe("restricted");
  });
});
