import { isOn, type Rule } from "./rule";

/** What choices ask of the cluster and of each other. */
export const platformRules: readonly Rule[] = [
  {
    id: "default-deny-without-enforcer",
    severity: "error",
    reason: "NetworkPolicies that nothing enforces are a false promise.",
    cure: "Choose a CNI that enforces them, or set `security.networkPolicies: none`.",
    find: ({ config, resolved }) =>
      resolved && config.security.networkPolicies === "default-deny" && !resolved.providers.networkPolicy
        ? [
            {
              path: "bearstack:security.networkPolicies",
              seen: "default-deny",
              problem: "is default-deny, but nothing in this cluster enforces NetworkPolicies.",
              fix: 'say networkPolicies: true below the cluster if its CNI does enforce them, or set "networkPolicies: none" here',
            },
          ]
        : [],
  },
  {
    id: "dashboards-without-data",
    severity: "warning",
    reason: "Dashboards show what metrics, logs and traces hold.",
    cure: "Turn on metrics, logs or traces, or dashboards off.",
    find: ({ config, resolved }) =>
      config.platform &&
      resolved?.providers.dashboards &&
      resolved.all.dataSources.length === 0 &&
      !(["metrics", "logs", "traces"] as const).some((slot) => isOn(config.platform, slot))
        ? [
            {
              path: "bearstack:platform.dashboards",
              problem: "has nothing to show: metrics, logs and traces are all none.",
              fix: 'add e.g. "metrics: prometheus", or set dashboards: none',
            },
          ]
        : [],
  },
  {
    id: "ha-on-one-node",
    severity: "warning",
    reason: "Two replicas on one node fail together.",
    cure: "Add nodes, or use `profile: small`.",
    find: ({ config, offers }) =>
      config.platform?.profile === "ha" && offers.nodes === 1
        ? [
            {
              path: "bearstack:platform.profile",
              seen: "ha",
              problem: "is ha, but the cluster has one node: all replicas fail together.",
              fix: 'add nodes, or write "profile: small"',
            },
          ]
        : [],
  },
];
