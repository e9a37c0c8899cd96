import type { EksConfig } from "./schema";

export const managedAddons = ["vpc-cni", "kube-proxy", "coredns", "aws-ebs-csi-driver", "eks-pod-identity-agent"] as const;
export type ManagedAddonName = (typeof managedAddons)[number];

/** One version fits every version of Kubernetes below. */
const ANY = { "vpc-cni": "v1.22.3-eksbuild.1", "aws-ebs-csi-driver": "v1.63.1-eksbuild.1", "eks-pod-identity-agent": "v1.3.10-eksbuild.3" };

/**
 * Versions of EKS add-ons by version of Kubernetes. kube-proxy and coredns: tables of the EKS user guide ("Manage kube-proxy", "Manage CoreDNS",
 * mid-2026; coredns of 1.36 and the other three: public configurations that run them). None was asked of AWS by us; "aws eks describe-addon-versions
 * --kubernetes-version <version>" shows what there is, and `addons.<name>.version` takes it.
 */
export const addonVersions: Readonly<Record<string, Readonly<Record<ManagedAddonName, string>>>> = {
  "1.34": { ...ANY, "kube-proxy": "v1.34.6-eksbuild.13", coredns: "v1.13.2-eksbuild.7" },
  "1.35": { ...ANY, "kube-proxy": "v1.35.3-eksbuild.13", coredns: "v1.14.2-eksbuild.4" },
  "1.36": { ...ANY, "kube-proxy": "v1.36.0-eksbuild.14", coredns: "v1.14.3-eksbuild.3" },
};

/** The version of an add-on; undefined where neither the config nor the table knows one. */
export const addonVersion = (config: EksConfig, name: ManagedAddonName): string | undefined =>
  config.addons[name].version ?? addonVersions[config.version]?.[name];

/** Auto Mode brings network, DNS, volumes and Pod Identity itself, outside of the cluster. */
export const addonsOf = ({ nodes }: EksConfig): readonly ManagedAddonName[] => (nodes === "auto" ? [] : managedAddons);
