import { uiAccess } from "../../components/wiring/exposure";
import { addonPath, isOn, type Rule } from "./rule";

const hostPort = "bearstack:platform.exposure";

/** How people reach the platform: domain, load balancer, TLS, pages. */
export const exposureRules: readonly Rule[] = [
  {
    id: "domain-for-ingress",
    severity: "error",
    reason: "Without a domain no page of the platform has a host name.",
    cure: "Set `domain`, or `ingress: none`.",
    find: ({ config }) =>
      config.platform && config.platform.domain === undefined && isOn(config.platform, "ingress")
        ? [{ path: "bearstack:platform.domain", problem: "is missing, but an ingress is on.", fix: "set a domain, e.g. dev.example.com, or ingress: none" }]
        : [],
  },
  {
    id: "exposure-for-ingress",
    severity: "error",
    reason: "An ingress controller that no traffic reaches serves nobody.",
    cure: "Choose an exposure this cluster can have: hostport, envoy, metallb, or `existing.loadBalancer: true` where one is.",
    explains: "exposure",
    find: ({ config, offers, resolved }) => {
      const exposure = config.platform?.slots.exposure[0]?.choice;
      if (!resolved?.addons.some((addon) => addon.needs.includes("exposure")) || resolved.providers.exposure) return [];
      if (exposure === "cloud" && !offers.loadBalancer) {
        return [
          {
            path: hostPort,
            seen: "cloud",
            problem: "is cloud, but this cluster gives Services of type LoadBalancer no address.",
            fix: 'write "exposure: hostport", or say loadBalancer: true below the cluster if it does',
          },
        ];
      }
      return exposure === "none"
        ? [
            {
              path: hostPort,
              seen: "none",
              problem: "is none, but an ingress is on and nothing would bring it traffic.",
              fix: 'write "exposure: cloud" or "exposure: hostport", or set ingress: none',
            },
          ]
        : [];
    },
  },
  {
    id: "edge-without-backend",
    severity: "error",
    reason: "Envoy at the edge passes visitors on to one Service and has no routes of its own.",
    cure: "Choose an ingress of ours, or name the Service below `exposure.envoy.backend`.",
    find: ({ config, resolved }) => {
      const edge = config.platform?.slots.exposure.find((choice) => choice.choice === "envoy");
      return edge && resolved && !edge.config.backend && !resolved.all.backend
        ? [
            {
              path: "bearstack:platform.exposure.envoy",
              problem: "has nobody to pass visitors on to.",
              fix: 'add e.g. "ingress: traefik", or name a Service: exposure: { envoy: { backend: { service: ..., namespace: ... } } }',
            },
          ]
        : [];
    },
  },
  {
    id: "pages-without-tls",
    severity: "warning",
    reason: "Pages with logins are served in clear when no issuer of certificates is on.",
    cure: "Set `certificates: cert-manager`, or name an existing issuer.",
    find: ({ config, resolved }) => {
      if (!config.platform || !resolved || resolved.providers.tlsIssuer) return [];
      const exposed = uiAccess(resolved, config.platform).filter((access) => access.host !== undefined);
      return exposed.length > 0
        ? [
            {
              path: "bearstack:platform.certificates",
              problem: `is none: ${exposed.map((access) => access.host).join(", ")} would be served without TLS.`,
              fix: 'add "certificates: cert-manager"',
            },
          ]
        : [];
    },
  },
  {
    id: "page-not-exposed",
    severity: "warning",
    reason: "A page without a login of its own is never opened to everybody.",
    cure: "Turn on `sso`, or an ingress of ours, which can ask for a password.",
    find: ({ config, resolved }) =>
      config.platform && resolved && isOn(config.platform, "ingress")
        ? uiAccess(resolved, config.platform)
            .filter((access) => access.access === "not exposed" && config.platform?.domain !== undefined)
            .map(({ ui, reason }) => ({
              path: "bearstack:platform",
              problem: `the page ${ui.title} is not exposed: ${reason}.`,
              fix: "turn on sso or an ingress such as traefik, or reach it with kubectl port-forward",
            }))
        : [],
  },
  {
    id: "host-name-clash",
    severity: "error",
    reason: "Two pages under one host name would take each other's visitors.",
    cure: "Turn one of the two pages off.",
    find: ({ resolved }) => {
      const seen = new Map<string, string>();
      return (resolved?.all.uis ?? []).flatMap((ui) => {
        const other = seen.get(ui.name);
        seen.set(ui.name, ui.addon);
        const owner = resolved!.addons.find((addon) => addon.name === ui.addon)!;
        return other === undefined
          ? []
          : [
              {
                path: addonPath(owner, resolved),
                problem: `${other} and ${ui.addon} both want the host name "${ui.name}".`,
                fix: `choose something else than ${ui.addon}, or turn its page off`,
              },
            ];
      });
    },
  },
];
