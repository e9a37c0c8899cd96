import type { AnyAddon } from "../../components/core/addon";
import { smallAddon as addon } from "../small-addon";

/** Add-ons that make a finding no add-on of ours should be able to make; a fixture names its set in its header. */
export const registries: Readonly<Record<string, readonly AnyAddon[]>> = {
  /** The smallest grafana, loki and collector that a rule about their slots can see. */
  observability: [
    addon("grafana", "dashboards", { provides: ["dashboards"] }),
    addon("loki", "logs", { provides: ["logs"], claims: () => true }),
    addon("opentelemetry-collector", "telemetry", { provides: ["telemetry"] }),
  ],
  overlay: [addon("cilium", "cni", { provides: ["networkPolicy"] })],
  cni: [addon("calico", "cni", { provides: ["networkPolicy"] })],
  needy: [addon("sops", "secrets", { needs: ["dashboards"] })],
  circle: [addon("zipkin", "traces", { needs: ["secretStore"], provides: ["traces"] }), addon("sops", "secrets", { needs: ["traces"], provides: ["secretStore"] })],
  secondPage: [addon("zipkin", "traces", { contributes: () => ({ uis: [{ name: "traefik", title: "Second", service: "second", port: 80, ownLogin: true }] }) })],
  secondOwner: [
    addon("external-secrets", "secrets", {
      lock: {
        charts: {
          second: {
            repository: "https://charts.example.com",
            version: "1.0.0",
            release: "second",
            crdsFolder: false,
            crds: [{ group: "traefik.io", kind: "Middleware", plural: "middlewares", scope: "Namespaced", versions: [{ name: "v1alpha1", served: true, storage: true }] }],
            outline: [{ apiVersion: "v1", kind: "ServiceAccount", name: "second", namespace: "@" }],
          },
        },
      },
    }),
  ],
};
