import { stringify } from "yaml";
import * as z from "zod";
import { FIX } from "../../core/schema";
import { virtualAddressFields } from "./virtual-address";

/** The version of kube-vip that this release of BearStack was tried with. */
const IMAGE = "ghcr.io/kube-vip/kube-vip:v1.0.4";

/** An address that moves between the servers, by kube-vip as a static pod on each of them. */
export const VirtualAddress = z.strictObject({
  ...virtualAddressFields,
  image: z
    .string()
    .regex(/^[a-z0-9.:/_-]+(:[\w.-]+|@sha256:[0-9a-f]{64})$/, `is no image with a version${FIX}pin one, like ${IMAGE}`)
    .default(IMAGE)
    .describe("Image of kube-vip, with its version."),
});
export type VirtualAddress = z.output<typeof VirtualAddress>;

/**
 * The static pod (kube-vip.io, Static Pods, ARP). The kubelet starts it before the API has an address of its own; it asks the API
 * of its own server, by the name "kubernetes", which is in every server's certificate.
 */
export function kubeVipManifest({ address, interface: device, image }: VirtualAddress, kubeconfig: string): string {
  const settings = {
    vip_arp: "true",
    vip_interface: device,
    vip_subnet: address.includes(":") ? "128" : "32",
    address,
    port: "6443",
    cp_enable: "true",
    cp_namespace: "kube-system",
    svc_enable: "false",
    vip_leaderelection: "true",
    vip_leasename: "plndr-cp-lock",
    vip_leaseduration: "5",
    vip_renewdeadline: "3",
    vip_retryperiod: "1",
    prometheus_server: "127.0.0.1:2112",
  };
  return stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "kube-vip", namespace: "kube-system", labels: { "app.kubernetes.io/name": "kube-vip", "app.kubernetes.io/managed-by": "bearstack" } },
    spec: {
      hostNetwork: true,
      priorityClassName: "system-node-critical",
      hostAliases: [{ ip: "127.0.0.1", hostnames: ["kubernetes"] }],
      containers: [
        {
          name: "kube-vip",
          image,
          imagePullPolicy: "IfNotPresent",
          args: ["manager"],
          env: [
            ...Object.entries(settings).map(([name, value]) => ({ name, value })),
            { name: "vip_nodename", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
          ],
          resources: { requests: { cpu: "10m", memory: "32Mi" } },
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"], add: ["NET_ADMIN", "NET_RAW"] },
            seccompProfile: { type: "RuntimeDefault" },
          },
          volumeMounts: [{ name: "kubeconfig", mountPath: "/etc/kubernetes/admin.conf", readOnly: true }],
        },
      ],
      // A file, or the pod waits: otherwise the runtime would make a folder of that name where the file is to be.
      volumes: [{ name: "kubeconfig", hostPath: { path: kubeconfig, type: "File" } }],
    },
  });
}
