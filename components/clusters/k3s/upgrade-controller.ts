import { CustomResource } from "@pulumi/kubernetes/apiextensions";
import { CustomResourceDefinition } from "@pulumi/kubernetes/apiextensions/v1";
import { Deployment } from "@pulumi/kubernetes/apps/v1";
import { ConfigMap, Namespace, ServiceAccount } from "@pulumi/kubernetes/core/v1";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1";
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from "@pulumi/kubernetes/rbac/v1";
import { ComponentResource } from "@pulumi/pulumi";
import { namespaceLabels, ownLabels } from "../../security/labels";
import type { ClusterHandle } from "../definition";
import type { K3sConfig, UpgradeControllerConfig } from "./schema";
import { clusterRules, NAMESPACE, NAME, planCrd, plansOf, podSpec, roleRules, settingsOf } from "./upgrade-plans";

/**
 * Puts system-upgrade-controller into the cluster, with a plan for servers and one for agents. Natively, since its project publishes
 * manifests only. The scripts on the hosts then leave a k3s that is there as it is.
 */
export class UpgradeController extends ComponentResource {
  constructor(config: K3sConfig, settings: UpgradeControllerConfig, cluster: ClusterHandle) {
    super("bearstack:clusters:UpgradeController", NAME, {}, { parent: cluster.component, dependsOn: cluster.ready, provider: cluster.provider });
    const opts = { parent: this };
    const metadata = { name: NAME, namespace: NAMESPACE, labels: ownLabels };
    // Its jobs replace a program of the host, so they may do everything there.
    const namespace = new Namespace(NAMESPACE, { metadata: { name: NAMESPACE, labels: namespaceLabels("privileged") } }, opts);
    const inside = { ...opts, dependsOn: [namespace] };
    const crd = new CustomResourceDefinition("plans.upgrade.cattle.io", planCrd, opts);
    const account = new ServiceAccount(NAME, { metadata }, inside);
    const subjects = [{ kind: "ServiceAccount", name: NAME, namespace: NAMESPACE }];
    const apiGroup = "rbac.authorization.k8s.io";
    const clusterRole = new ClusterRole(NAME, { metadata: { name: NAME, labels: ownLabels }, rules: clusterRules }, opts);
    const role = new Role(NAME, { metadata, rules: roleRules }, inside);
    const bindings = [
      new ClusterRoleBinding(
        NAME,
        { metadata: { name: NAME, labels: ownLabels }, roleRef: { apiGroup, kind: "ClusterRole", name: NAME }, subjects },
        { ...opts, dependsOn: [clusterRole, account] },
      ),
      new RoleBinding(NAME, { metadata, roleRef: { apiGroup, kind: "Role", name: NAME }, subjects }, { ...opts, dependsOn: [role, account] }),
    ];
    new NetworkPolicy(NAME, { metadata, spec: { podSelector: {}, policyTypes: ["Ingress"] } }, inside); // nobody calls it
    const environment = new ConfigMap(NAME, { metadata, data: settingsOf(settings) }, inside);
    const deployment = new Deployment(NAME, { metadata, spec: podSpec(settings) as never }, { ...opts, dependsOn: [environment, crd, ...bindings] });
    for (const [name, spec] of Object.entries(plansOf(config, settings)))
      new CustomResource(
        name,
        { apiVersion: "upgrade.cattle.io/v1", kind: "Plan", metadata: { name, namespace: NAMESPACE, labels: ownLabels }, spec },
        { ...opts, dependsOn: [deployment] },
      );
    this.registerOutputs({});
  }
}
