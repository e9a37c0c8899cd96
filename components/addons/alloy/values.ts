import type { Values, ValuesContext } from "../../core/addon";
import { pullSecretRefs } from "../../core/pods";
import { pipeline } from "./pipeline";
import type { AlloyConfig } from "./schema";

/** How far each file was read. On the host, or every restart would send all files again. */
const POSITIONS = { inside: "/var/lib/alloy", host: "/var/lib/bearstack/alloy" };

/** Values of the alloy chart: one pod on every node that reads the files of the node's pods, and nothing else. */
export function alloyValues({ config, scope, ports }: ValuesContext<AlloyConfig, "logs" | "monitoringApi">): Values {
  const { nodeSelector, tolerations, priorityClassName } = config.placement ?? {};
  const pods = { apiGroups: [""], resources: ["pods"] };
  return {
    crds: { create: false },
    global: {
      image: { ...(scope.imageMirror ? { registry: scope.imageMirror } : {}), pullSecrets: pullSecretRefs(scope) },
      podSecurityContext: { seccompProfile: { type: "RuntimeDefault" } },
    },
    alloy: {
      configMap: { content: pipeline(ports.logs!.url) },
      enableReporting: false,
      storagePath: POSITIONS.inside,
      mounts: { varlog: true, extra: [{ name: "positions", mountPath: POSITIONS.inside }] },
      // Kubelet and container runtimes write logs as root and for root: its user id opens them, no capability is needed.
      securityContext: { runAsUser: 0, runAsGroup: 0, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
      resources: config.resources ?? { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "512Mi" } },
    },
    // Without the reloader a change of the pipeline is a rollout, which Helm takes back when Alloy does not accept it.
    configReloader: { enabled: false },
    controller: {
      nodeSelector: nodeSelector ?? { "kubernetes.io/os": "linux" },
      // Logs are wanted from every node, whatever it is reserved for.
      tolerations: tolerations ?? [{ operator: "Exists" }],
      ...(priorityClassName ? { priorityClassName } : {}),
      // One node after the other would outlast Helm's patience on a large cluster.
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "20%" } },
      volumes: { extra: [{ name: "positions", hostPath: { path: POSITIONS.host, type: "DirectoryOrCreate" } }] },
    },
    // All it may do is to see which pods there are. The chart wants both lists filled, so the verbs are split over them.
    rbac: { rules: [{ ...pods, verbs: ["get", "list"] }], clusterRules: [{ ...pods, verbs: ["watch"] }] },
    ...(ports.monitoringApi ? { serviceMonitor: { enabled: true } } : {}),
  };
}
