import type { PodSecurity } from "../core/contributions";

/**
 * The Pod Security level a pod needs, by the checks of kubernetes.io "Pod Security Standards" (v1.36) that its spec alone can
 * break; rules for Windows are left out.
 */
export function podSecurityOf(pod: any, annotations?: Record<string, string> | null): PodSecurity {
  const spec = pod ?? {};
  const containers: any[] = [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
  if (breaksBaseline(spec, containers, annotations ?? {})) return "privileged";
  return breaksRestricted(spec, containers) ? "baseline" : "restricted";
}

const BASELINE_CAPABILITIES = [
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
];

const SAFE_SYSCTLS = [
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_wmem",
];

const RESTRICTED_VOLUMES = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];

function breaksBaseline(spec: any, containers: any[], annotations: Record<string, string>): boolean {
  const contexts = [spec.securityContext, ...containers.map((container) => container.securityContext)].filter(Boolean);
  return (
    Boolean(spec.hostNetwork || spec.hostPID || spec.hostIPC) ||
    containers.some((container) => container.securityContext?.privileged === true) ||
    containers.some((container) => added(container).some((name) => !BASELINE_CAPABILITIES.includes(name))) ||
    (spec.volumes ?? []).some((volume: any) => volume.hostPath) ||
    containers.some((container) => (container.ports ?? []).some((port: any) => port.hostPort)) ||
    Object.entries(annotations).some(
      ([key, value]) => key.startsWith("container.apparmor.security.beta.kubernetes.io/") && value !== "runtime/default" && !value.startsWith("localhost/"),
    ) ||
    contexts.some((context) => context.appArmorProfile?.type === "Unconfined" || context.seccompProfile?.type === "Unconfined") ||
    contexts.some((context) => breaksSeLinux(context.seLinuxOptions)) ||
    containers.some((container) => (container.securityContext?.procMount ?? "Default") !== "Default") ||
    (spec.securityContext?.sysctls ?? []).some((sysctl: any) => !SAFE_SYSCTLS.includes(sysctl.name)) ||
    containers.some((container) => probeHosts(container).length > 0)
  );
}

function added(container: any): string[] {
  return container.securityContext?.capabilities?.add ?? [];
}

function breaksSeLinux(options: any): boolean {
  if (!options) return false;
  return Boolean(
    options.user || options.role || (options.type && !["container_t", "container_init_t", "container_kvm_t", "container_engine_t"].includes(options.type)),
  );
}

/** Probes and lifecycle handlers may not be aimed at another host (since Kubernetes 1.34). */
function probeHosts(container: any): string[] {
  const handlers = [container.livenessProbe, container.readinessProbe, container.startupProbe, container.lifecycle?.postStart, container.lifecycle?.preStop];
  return handlers.flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host]).filter((host) => host !== undefined && host !== "");
}

function breaksRestricted(spec: any, containers: any[]): boolean {
  const pod = spec.securityContext ?? {};
  const inherits = (container: any, field: string): unknown => container.securityContext?.[field] ?? pod[field];
  return (
    (spec.volumes ?? []).some(
      (volume: any) => !Object.keys(volume).some((key) => RESTRICTED_VOLUMES.includes(key)) && Object.keys(volume).some((key) => key !== "name"),
    ) ||
    containers.some(
      (container) =>
        container.securityContext?.allowPrivilegeEscalation !== false ||
        inherits(container, "runAsNonRoot") !== true ||
        container.securityContext?.runAsUser === 0 ||
        !["RuntimeDefault", "Localhost"].includes((inherits(container, "seccompProfile") as any)?.type) ||
        !(container.securityContext?.capabilities?.drop ?? []).includes("ALL") ||
        added(container).some((name) => name !== "NET_BIND_SERVICE"),
    ) ||
    pod.runAsUser === 0
  );
}
