import { shapedOutline } from "../../components/charts/shaped";
import { GKE, ofGke } from "./gke";
import { addonPath, type Rule } from "./rule";

/** What makes an add-on do without privileged pods, by add-on. */
export const withoutPrivileges: Readonly<Record<string, string>> = {
  prometheus: "set nodeExporter: false, which gives metrics of nodes up",
};

/** What Autopilot refuses beside the pods of add-ons. */
export const gkeAutopilotRules: readonly Rule[] = [
  {
    id: "gke-autopilot-system",
    severity: "error",
    reason: "In Autopilot kube-system is Google's: nobody else makes anything in it.",
    cure: "Switch off what is made there, or set `mode: standard`.",
    find: ofGke((gke, { resolved }) => {
      if (gke.mode !== "autopilot" || !resolved) return [];
      return resolved.addons.flatMap((addon) => {
        const made = Object.keys(addon.addon.lock?.charts ?? {})
          .flatMap((chart) => shapedOutline(addon, chart))
          .filter(({ namespace }) => namespace === "kube-system")
          .map(({ kind, name }) => `${kind} ${name}`);
        return made.length === 0
          ? []
          : [
              {
                path: addonPath(addon, resolved),
                problem: `makes ${made.join(", ")} in kube-system, which in Autopilot is Google's.`,
                fix: `switch it off${addon.config.controlPlane === true ? " (controlPlane: false)" : ""}, or set cluster.gke.mode: standard`,
              },
            ];
      });
    }),
  },
  {
    id: "gke-autopilot-tenants",
    severity: "error",
    reason: "Autopilot admits no privileged pods, whatever the namespace says: the level would promise tenants what they cannot have.",
    cure: "Set `security.podSecurity` to restricted or baseline, or the tenant's own, or `mode: standard`.",
    find: ofGke((gke, { config }) => {
      const wide = Object.entries(config.tenants).filter(([, { podSecurity }]) => (podSecurity ?? config.security.podSecurity) === "privileged");
      return gke.mode === "autopilot" && wide.length > 0
        ? [
            {
              path: "bearstack:security.podSecurity",
              seen: config.security.podSecurity,
              problem: `lets tenants (${wide.map(([name]) => name).join(", ")}) have privileged pods, and Autopilot admits none.`,
              fix: `set restricted or baseline, or ${GKE.replace("bearstack:", "")}.mode: standard`,
            },
          ]
        : [];
    }),
  },
];
