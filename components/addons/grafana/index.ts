import { ConfigMap, Secret } from "@pulumi/kubernetes/core/v1";
import { ClusterRole } from "@pulumi/kubernetes/rbac/v1";
import type { Input, Output, Resource } from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random";
import type { CreateContext, Created } from "../../core/addon";
import { secretOutput } from "../../core/secret-output";
import { ownLabels } from "../../security/labels";
import { dashboardFiles } from "./dashboards";
import { sourcesOf } from "./datasources";
import type { GrafanaConfig } from "./schema";
import { KEYS, NAMES } from "./values";

const ADMIN_USER = "admin";

/** Installs Grafana with generated secrets and the dashboards of the platform; a generated password is an output of the stack. */
export function create(context: CreateContext<GrafanaConfig>): Created<"dashboards"> {
  const { config, scope, all, ports, opts } = context;
  const metadata = (name: string): { name: string; namespace: string; labels: Record<string, string> } => ({
    name,
    namespace: scope.namespace,
    labels: ownLabels,
  });
  const secret = (name: string, stringData: Record<string, Input<string>>): Secret =>
    new Secret(name, { metadata: metadata(name), type: "Opaque", stringData }, opts);
  const generated = (name: string): Output<string> => new RandomPassword(name, { length: 40, special: false }, { parent: context.component }).result;

  const dependsOn: Resource[] = [clusterRole(opts)];
  const files = dashboardFiles(all, sourcesOf(all, ports));
  if (Object.keys(files).length > 0) dependsOn.push(new ConfigMap(NAMES.dashboards, { metadata: metadata(NAMES.dashboards), data: files }, opts));

  // Everything Grafana keeps encrypted hangs on this key, for which upstream ships one that everybody knows.
  dependsOn.push(secret(NAMES.secrets, { [KEYS.secretKey]: generated("grafana-secret-key") }));
  // A Secret of its own: the API server keeps an entry that leaves `stringData`.
  if (config.database?.password) dependsOn.push(secret(NAMES.database, { [KEYS.databasePassword]: secretOutput(config.database.password) }));

  const ownPassword = config.adminPassword === undefined && config.existingSecret === undefined;
  const password = config.adminPassword ? secretOutput(config.adminPassword) : ownPassword ? generated("grafana-admin-password") : undefined;
  if (password) dependsOn.push(secret(NAMES.admin, { "admin-user": ADMIN_USER, "admin-password": password }));

  context.release("grafana", { dependsOn });
  return ownPassword ? { outputs: { grafanaUser: ADMIN_USER, grafanaPassword: password! } } : {};
}

function clusterRole(opts: CreateContext["opts"]): ClusterRole {
  return new ClusterRole(
    NAMES.clusterRole,
    { metadata: { name: NAMES.clusterRole, labels: ownLabels }, rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"] }] },
    opts,
  );
}
