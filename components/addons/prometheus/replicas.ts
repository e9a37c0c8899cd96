import type { Scope } from "../../core/addon";
import type { PrometheusConfig } from "./schema";

/** Pods of Prometheus: a pair in the profile ha, where each scrapes everything by itself. */
export const prometheusReplicas = (config: PrometheusConfig, scope: Pick<Scope, "profile">): number => config.replicas ?? (scope.profile === "ha" ? 2 : 1);

/** Pods of Alertmanager; a pair of Prometheus wants a pair of these. */
export const alertmanagerReplicas = (config: PrometheusConfig, scope: Pick<Scope, "profile">): number =>
  config.alertmanager.replicas ?? Math.max(prometheusReplicas(config, scope), scope.profile === "ha" ? 2 : 1);

/** Node agents see the host, so they live apart from everything else. */
export const agentsNamespace = (scope: Pick<Scope, "namespace">): string => `${scope.namespace}-agents`;

/** What answers names in the cluster: GKE has kube-dns where others have CoreDNS. */
export const hasKubeDns = ({ cluster }: Pick<Scope, "cluster">): boolean => cluster === "gke";
