import { DaemonSet } from "@pulumi/kubernetes/apps/v1";
import { ConfigMap, ServiceAccount } from "@pulumi/kubernetes/core/v1";
import type { CreateContext, Created } from "../../core/addon";
import { UserError } from "../../core/errors";
import { ownLabels } from "../../security/labels";
import type { EnvoyConfig } from "./schema";
import { configFile, daemonSetSpec, LABELS, targetOf } from "./workload";

/** Puts one Envoy on each edge node. There is no chart for this that anyone maintains, so the objects are ours. */
export function create(context: CreateContext<EnvoyConfig>): Created<"exposure"> {
  const { config, scope, all, opts } = context;
  const target = targetOf(config, all);
  if (!target)
    throw new UserError(
      "envoy has nobody to pass visitors on to.",
      'choose an ingress, e.g. "ingress: traefik", or name a Service below exposure.envoy.backend',
    );
  const metadata = { name: "envoy", namespace: scope.namespace, labels: { ...ownLabels, ...LABELS } };
  const file = configFile(config, target);
  const account = new ServiceAccount("envoy", { metadata, automountServiceAccountToken: false }, opts);
  const map = new ConfigMap("envoy", { metadata, data: { "envoy.json": file } }, opts);
  new DaemonSet("envoy", { metadata, spec: daemonSetSpec(config, scope, file) as never }, { ...opts, dependsOn: [account, map] });
  return {};
}
