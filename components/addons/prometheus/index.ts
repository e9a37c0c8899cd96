import { Secret } from "@pulumi/kubernetes/core/v1";
import type { Resource } from "@pulumi/pulumi";
import type { CreateContext, Created } from "../../core/addon";
import { secretOutput } from "../../core/secret-output";
import { ownLabels } from "../../security/labels";
import type { PrometheusConfig } from "./schema";
import { ALERTMANAGER_SECRET } from "./values";

/** Installs the stack; the config of Alertmanager goes into a Secret of ours, never into Helm values. */
export function create(context: CreateContext<PrometheusConfig>): Created<"metrics"> {
  const { config, scope, opts } = context;
  const dependsOn: Resource[] = [];
  if (config.alertmanager.config) {
    dependsOn.push(
      new Secret(
        ALERTMANAGER_SECRET,
        {
          metadata: { name: ALERTMANAGER_SECRET, namespace: scope.namespace, labels: ownLabels },
          type: "Opaque",
          stringData: { "alertmanager.yaml": secretOutput(config.alertmanager.config) },
        },
        opts,
      ),
    );
  }
  context.release("kube-prometheus-stack", { dependsOn });
  return {};
}
