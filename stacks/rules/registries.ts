import type { K0sConfig } from "../../components/clusters/k0s/schema";
import type { Rule } from "./rule";

/** Passwords of registries on hosts. */
export const registryRules: readonly Rule[] = [
  {
    id: "registry-password-readable",
    severity: "error",
    reason: "k0s before 1.36 copies what its containerd is told about registries to /run/k0s/containerd-cri.toml, which every user of the host may read.",
    cure: "Upgrade k0s to 1.36 first, or give pods a pull secret instead of `registries.access`.",
    find: ({ config }) => {
      if (config.cluster.kind !== "k0s") return [];
      const { registries, version } = config.cluster.config as K0sConfig;
      if (Number(/^v1\.(\d+)\./.exec(version)![1]) >= 36) return [];
      return Object.entries(registries?.access ?? {})
        .filter(([, { password, token }]) => password ?? token)
        .map(([name]) => ({
          path: `bearstack:cluster.k0s.registries.access.${name}`,
          problem: `has a password, which k0s ${version} would copy to where every user of a host can read it.`,
          fix: "set version to v1.36 or newer, or leave password and token out and give pods a pull secret",
        }));
    },
  },
];
