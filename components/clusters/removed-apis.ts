/** One API of Kubernetes that went or will go. */
export interface OldApi {
  /** Minor versions of Kubernetes: from here on it is deprecated, from there on it is not served. */
  deprecated: string;
  removed?: string;
  /** apiVersion to write instead, with the kind where that changes too; left out where there is none. */
  use?: string;
}

type Row = readonly [apiVersion: string, kinds: string, deprecated: string, removed?: string, use?: string];

/**
 * From Kubernetes' own markers, APILifecycleDeprecated, APILifecycleRemoved and APILifecycleReplacement, in k8s.io/api,
 * k8s.io/apiextensions-apiserver and k8s.io/kube-aggregator 0.36.3; for kinds that have left k8s.io/api since, in the last of
 * its versions 0.19 to 0.35 that had them, and those that left before the version in their marker count as removed then. Where
 * a marker names no replacement, it is the newest version of the same kind. What is to come may still move to a later
 * version. The last two have no marker but a comment in core/v1.
 */
// prettier-ignore
const rows: readonly Row[] = [
  ["apps/v1beta1", "ControllerRevision Deployment DeploymentRollback StatefulSet", "1.8", "1.16", "apps/v1"],
  ["apps/v1beta1", "Scale", "1.8", "1.16", "autoscaling/v1"],
  ["apps/v1beta2", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet", "1.9", "1.16", "apps/v1"],
  ["apps/v1beta2", "Scale", "1.9", "1.16", "autoscaling/v1"],
  ["extensions/v1beta1", "Scale", "1.2", "1.16"],
  ["extensions/v1beta1", "DaemonSet Deployment ReplicaSet", "1.8", "1.16", "apps/v1"],
  ["extensions/v1beta1", "DeploymentRollback", "1.8", "1.16"],
  ["extensions/v1beta1", "NetworkPolicy", "1.9", "1.16", "networking.k8s.io/v1"],
  ["extensions/v1beta1", "PodSecurityPolicy", "1.11", "1.16", "policy/v1beta1"],
  ["flowcontrol.apiserver.k8s.io/v1alpha1", "FlowSchema PriorityLevelConfiguration", "1.20", "1.21", "flowcontrol.apiserver.k8s.io/v1beta3"],
  ["admission.k8s.io/v1beta1", "AdmissionReview", "1.19", "1.22", "admission.k8s.io/v1"],
  ["admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration ValidatingWebhookConfiguration", "1.16", "1.22", "admissionregistration.k8s.io/v1"],
  ["apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", "1.16", "1.22", "apiextensions.k8s.io/v1"],
  ["apiextensions.k8s.io/v1beta1", "ConversionReview", "1.19", "1.22", "apiextensions.k8s.io/v1"],
  ["apiregistration.k8s.io/v1beta1", "APIService", "1.19", "1.22", "apiregistration.k8s.io/v1"],
  ["authentication.k8s.io/v1beta1", "TokenReview", "1.19", "1.22", "authentication.k8s.io/v1"],
  ["authorization.k8s.io/v1beta1", "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview", "1.19", "1.22", "authorization.k8s.io/v1"],
  ["certificates.k8s.io/v1beta1", "CertificateSigningRequest", "1.19", "1.22", "certificates.k8s.io/v1"],
  ["coordination.k8s.io/v1beta1", "Lease", "1.19", "1.22", "coordination.k8s.io/v1"],
  ["extensions/v1beta1", "Ingress", "1.14", "1.22", "networking.k8s.io/v1"],
  ["networking.k8s.io/v1beta1", "Ingress IngressClass", "1.19", "1.22", "networking.k8s.io/v1"],
  ["rbac.authorization.k8s.io/v1beta1", "ClusterRole ClusterRoleBinding Role RoleBinding", "1.17", "1.22", "rbac.authorization.k8s.io/v1"],
  ["scheduling.k8s.io/v1beta1", "PriorityClass", "1.14", "1.22", "scheduling.k8s.io/v1"],
  ["storage.k8s.io/v1beta1", "CSINode", "1.17", "1.22", "storage.k8s.io/v1"],
  ["storage.k8s.io/v1beta1", "CSIDriver StorageClass VolumeAttachment", "1.19", "1.22", "storage.k8s.io/v1"],
  ["storage.k8s.io/v1alpha1", "CSIStorageCapacity", "1.21", "1.24", "storage.k8s.io/v1beta1"],
  ["storage.k8s.io/v1alpha1", "VolumeAttachment", "1.21", "1.24", "storage.k8s.io/v1"],
  ["autoscaling/v2beta1", "HorizontalPodAutoscaler", "1.22", "1.25", "autoscaling/v2"],
  ["batch/v1beta1", "CronJob", "1.21", "1.25", "batch/v1"],
  ["batch/v1beta1", "JobTemplate", "1.22", "1.25"],
  ["discovery.k8s.io/v1beta1", "EndpointSlice", "1.21", "1.25", "discovery.k8s.io/v1"],
  ["events.k8s.io/v1beta1", "Event", "1.22", "1.25", "events.k8s.io/v1"],
  ["node.k8s.io/v1beta1", "RuntimeClass", "1.22", "1.25", "node.k8s.io/v1"],
  ["policy/v1beta1", "PodDisruptionBudget", "1.21", "1.25", "policy/v1"],
  ["policy/v1beta1", "PodSecurityPolicy", "1.21", "1.25"],
  ["policy/v1beta1", "Eviction", "1.22", "1.25", "policy/v1"],
  ["autoscaling/v2beta2", "HorizontalPodAutoscaler", "1.23", "1.26", "autoscaling/v2"],
  ["flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema PriorityLevelConfiguration", "1.23", "1.26", "flowcontrol.apiserver.k8s.io/v1beta3"],
  ["storage.k8s.io/v1beta1", "CSIStorageCapacity", "1.24", "1.27", "storage.k8s.io/v1"],
  ["flowcontrol.apiserver.k8s.io/v1beta2", "FlowSchema PriorityLevelConfiguration", "1.26", "1.29", "flowcontrol.apiserver.k8s.io/v1beta3"],
  ["networking.k8s.io/v1alpha1", "ClusterCIDR", "1.28", "1.29"],
  ["admissionregistration.k8s.io/v1alpha1", "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding", "1.29", "1.32", "admissionregistration.k8s.io/v1"],
  ["authentication.k8s.io/v1alpha1", "SelfSubjectReview", "1.29", "1.32", "authentication.k8s.io/v1"],
  ["coordination.k8s.io/v1alpha1", "LeaseCandidate", "1.32", "1.32", "coordination.k8s.io/v1beta1"],
  ["flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema PriorityLevelConfiguration", "1.29", "1.32", "flowcontrol.apiserver.k8s.io/v1"],
  ["authentication.k8s.io/v1beta1", "SelfSubjectReview", "1.30", "1.33", "authentication.k8s.io/v1"],
  ["networking.k8s.io/v1alpha1", "IPAddress ServiceCIDR", "1.30", "1.33", "networking.k8s.io/v1"],
  ["admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding", "1.31", "1.34", "admissionregistration.k8s.io/v1"],
  ["resource.k8s.io/v1alpha3", "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice", "1.34", "1.34", "resource.k8s.io/v1beta1"],
  ["apidiscovery.k8s.io/v2beta1", "APIGroupDiscovery", "1.32", "1.35", "apidiscovery.k8s.io/v2"],
  ["certificates.k8s.io/v1alpha1", "PodCertificateRequest", "1.35", "1.35", "certificates.k8s.io/v1beta1"],
  ["storage.k8s.io/v1alpha1", "VolumeAttributesClass", "1.32", "1.35", "storage.k8s.io/v1"],
  ["storagemigration.k8s.io/v1alpha1", "StorageVersionMigration", "1.33", "1.35", "storagemigration.k8s.io/v1beta1"],
  ["certificates.k8s.io/v1alpha1", "ClusterTrustBundle", "1.34", "1.37", "certificates.k8s.io/v1beta1"],
  ["networking.k8s.io/v1beta1", "IPAddress ServiceCIDR", "1.34", "1.37", "networking.k8s.io/v1"],
  ["storage.k8s.io/v1beta1", "VolumeAttributesClass", "1.34", "1.37", "storage.k8s.io/v1"],
  ["admissionregistration.k8s.io/v1alpha1", "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding", "1.35", "1.38", "admissionregistration.k8s.io/v1"],
  ["coordination.k8s.io/v1alpha2", "LeaseCandidate", "1.35", "1.38", "coordination.k8s.io/v1beta1"],
  ["resource.k8s.io/v1beta1", "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice", "1.35", "1.38", "resource.k8s.io/v1"],
  ["coordination.k8s.io/v1beta1", "LeaseCandidate", "1.36", "1.39"],
  ["resource.k8s.io/v1alpha3", "DeviceTaintRule", "1.36", "1.39", "resource.k8s.io/v1beta2"],
  ["resource.k8s.io/v1beta2", "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice", "1.36", "1.39", "resource.k8s.io/v1"],
  ["admissionregistration.k8s.io/v1beta1", "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding", "1.37", "1.40", "admissionregistration.k8s.io/v1"],
  ["certificates.k8s.io/v1beta1", "ClusterTrustBundle", "1.37", "1.40"],
  ["certificates.k8s.io/v1beta1", "PodCertificateRequest", "1.38", "1.41"],
  ["storagemigration.k8s.io/v1beta1", "StorageVersionMigration", "1.38", "1.41"],
  ["resource.k8s.io/v1alpha3", "ResourcePoolStatusRequest", "1.39", "1.42"],
  ["resource.k8s.io/v1beta2", "DeviceTaintRule", "1.39", "1.42"],
  ["v1", "ComponentStatus", "1.19"],
  ["v1", "Endpoints", "1.33", undefined, "discovery.k8s.io/v1 EndpointSlice"],
];

/** By `<apiVersion> <kind>`. */
export const oldApis: ReadonlyMap<string, OldApi> = new Map(
  rows.flatMap(([apiVersion, kinds, deprecated, removed, use]) =>
    kinds.split(" ").map((kind) => [`${apiVersion} ${kind}`, { deprecated, ...(removed ? { removed } : {}), ...(use ? { use } : {}) }]),
  ),
);

/** What to say where nothing else can be written. */
export const goneForGood: Readonly<Record<string, string>> = {
  PodSecurityPolicy: "leave it out and label namespaces with pod-security.kubernetes.io/enforce instead",
};
