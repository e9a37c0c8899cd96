import type { Values, ValuesContext } from "../../core/addon";
import type { SealedSecretsConfig } from "./schema";

/** The name kubeseal looks for when it is told none. */
export const CONTROLLER = "sealed-secrets-controller";

/** Values of the sealed-secrets chart, which are restricted already. */
export function sealedSecretsValues({ config, scope, ports }: ValuesContext<SealedSecretsConfig>): Values {
  // Keys that the controller made later would be missing from a backup of `key`.
  const renewal = config.renewEvery ?? (config.key ? "0" : undefined);
  return {
    fullnameOverride: CONTROLLER,
    image: { ...(scope.imageMirror ? { registry: scope.imageMirror } : {}), ...(scope.pullSecrets.length > 0 ? { pullSecrets: scope.pullSecrets } : {}) },
    ...(renewal === undefined ? {} : { keyrenewperiod: renewal }),
    resources: config.resources ?? { requests: { cpu: "10m", memory: "48Mi" }, limits: { memory: "256Mi" } },
    ...(ports.monitoringApi ? { metrics: { serviceMonitor: { enabled: true } } } : {}),
    ...config.placement,
  };
}
