import { Secret } from "../../components/core/secret";
import type { Resolved, ResolvedAddon } from "../../components/core/resolve";
import { outlineOf } from "../../components/security/network-policies";
import { didYouMean } from "../issues";
import { addonPath, type Finding, type Rule } from "./rule";
import { systemNamespaces } from "./tenants";

/** Keys under which people put passwords. */
const SECRET_KEY = /passw(or)?d|secret(key)?$|token|api_?key|private_?key/i;

interface Leaf {
  path: string;
  key: string;
  value: unknown;
}

function leaves(value: unknown, path: string, key = ""): Leaf[] {
  if (value instanceof Secret || value === null || typeof value !== "object") return [{ path, key, value }];
  if (Array.isArray(value)) return value.flatMap((item, index) => leaves(item, `${path}[${index}]`, key));
  return Object.entries(value).flatMap(([name, item]) => leaves(item, `${path}.${name}`, name));
}

function valueLeaves(addon: ResolvedAddon, resolved: Resolved | undefined): Leaf[] {
  return addon.config.values === undefined ? [] : leaves(addon.config.values, `${addonPath(addon, resolved)}.values`);
}

const each = (addons: readonly ResolvedAddon[] | undefined, find: (addon: ResolvedAddon) => Finding[]): Finding[] => (addons ?? []).flatMap(find);

/** Names of the Helm releases an add-on makes. */
export function releasesOf(addon: ResolvedAddon): string[] {
  return Object.values(addon.addon.lock?.charts ?? {}).flatMap((chart) =>
    !chart.crdsFolder ? [chart.release] : chart.outline.length === 0 ? [`${chart.release}-crds`] : [`${chart.release}-crds`, chart.release],
  );
}

/** Cluster-scoped objects of an add-on's charts, `Kind name`. */
function clusterScoped(addon: ResolvedAddon): string[] {
  const crds = Object.values(addon.addon.lock?.charts ?? {}).flatMap((chart) => chart.crds.map((crd) => `CustomResourceDefinition ${crd.plural}.${crd.group}`));
  const others = outlineOf(addon)
    .filter((object) => object.namespace === undefined && object.kind !== "CustomResourceDefinition")
    .map((object) => `${object.kind} ${object.name.replaceAll("@", addon.namespace)}`);
  return [...new Set([...crds, ...others])];
}

/** Add-ons: charts, versions, namespaces, values. */
export const addonRules: readonly Rule[] = [
  {
    id: "namespace-shared",
    severity: "error",
    reason: "Pod Security and NetworkPolicies hold per namespace: add-ons that share one share each other's rights.",
    cure: "Give each add-on a namespace of its own.",
    find: ({ resolved }) =>
      each(resolved?.addons, (addon) => {
        const other = resolved!.addons.find((one) => one !== addon && one.namespace === addon.namespace);
        if (!other || addon.config.namespace === undefined) return [];
        return [
          {
            path: `${addonPath(addon, resolved)}.namespace`,
            seen: addon.namespace,
            problem: `is the namespace of ${other.name} as well.`,
            fix: "leave it out, or name another",
          },
        ];
      }),
  },
  {
    id: "namespace-of-kubernetes",
    severity: "error",
    reason: "Namespaces of Kubernetes itself must not get our policies, limits and Pod Security level.",
    cure: "Leave `namespace` out, or name another.",
    find: ({ resolved }) =>
      each(resolved?.addons, (addon) =>
        systemNamespaces.includes(addon.namespace)
          ? [
              {
                path: `${addonPath(addon, resolved)}.namespace`,
                seen: addon.namespace,
                problem: "belongs to Kubernetes itself.",
                fix: "leave it out, or name another",
              },
            ]
          : [],
      ),
  },
  {
    id: "secret-in-values",
    severity: "error",
    reason: "Helm keeps values in clear in its release Secret and prints them; a secret there is none.",
    cure: "Put the secret into a Kubernetes Secret and give the chart its name.",
    find: ({ resolved }) =>
      each(resolved?.addons, (addon) =>
        valueLeaves(addon, resolved)
          .filter((leaf) => leaf.value instanceof Secret)
          .map((leaf) => ({
            path: leaf.path,
            problem: "is a secret, and Helm values are no place for one: Helm stores and prints them.",
            fix: "make a Kubernetes Secret of it and give the chart that Secret's name",
          })),
      ),
  },
  {
    id: "password-in-values",
    severity: "warning",
    reason: "A value whose key says password is most often one, readable by everybody who reads the config.",
    cure: "Put it into a Kubernetes Secret and give the chart its name.",
    find: ({ resolved }) =>
      each(resolved?.addons, (addon) =>
        valueLeaves(addon, resolved)
          .filter((leaf) => typeof leaf.value === "string" && leaf.value !== "" && SECRET_KEY.test(leaf.key) && !/name$|ref$/i.test(leaf.key))
          .map((leaf) => ({
            path: leaf.path,
            problem: "looks like a password in clear (the value is not repeated here).",
            fix: "make a Kubernetes Secret of it and give the chart that Secret's name",
          })),
      ),
  },
  {
    id: "chart-over-http",
    severity: "error",
    reason: "A chart fetched without TLS can be swapped on the way, and it runs with wide rights.",
    cure: "Use https:// or oci://.",
    find: ({ resolved }) =>
      each(resolved?.addons, (addon) => {
        const from: unknown = addon.config.chart;
        return typeof from === "string" && from.startsWith("http://")
          ? [
              {
                path: `${addonPath(addon, resolved)}.chart`,
                seen: from,
                problem: "is fetched without TLS.",
                fix: `write https://${from.slice("http://".length)}, or mirror the chart into a folder`,
              },
            ]
          : [];
      }),
  },
  {
    id: "mirror-absolute-path",
    severity: "error",
    reason: "The path of a chart is part of the state, so it has to be the same on every machine.",
    cure: "Write it relative to the project.",
    find: ({ config }) => {
      const mirror = config.platform?.charts.mirror;
      return mirror !== undefined && /^(\/|~|[A-Za-z]:\\)/.test(mirror)
        ? [
            {
              path: "bearstack:platform.charts.mirror",
              seen: mirror,
              problem: "is an absolute path, which differs from machine to machine.",
              fix: "write it relative to the project, e.g. ./charts, or an oci:// address",
            },
          ]
        : [];
    },
  },
  {
    id: "version-untested",
    severity: "warning",
    reason: "Our values are written and tested for the pinned chart; another major may take other ones.",
    cure: "Leave `version` out, or look at `bear plan` and a preview with care.",
    find: ({ resolved }) =>
      each(resolved?.addons, (addon) => {
        const pinned = Object.values(addon.addon.lock?.charts ?? {})[0]?.version;
        const wanted: unknown = addon.config.version;
        if (pinned === undefined || typeof wanted !== "string" || major(wanted) === major(pinned)) return [];
        return [
          {
            path: `${addonPath(addon, resolved)}.version`,
            seen: wanted,
            problem: `is another major version than the pinned ${pinned}; values and outline are made for that one.`,
            fix: "leave it out, or compare the chart's upgrade notes",
          },
        ];
      }),
  },
  {
    id: "one-owner",
    severity: "error",
    reason: "A cluster-scoped object belongs to one Helm release; a second one fails to install.",
    cure: "Choose one of the two add-ons, or turn the object off in one chart's values.",
    find: ({ resolved }) => {
      const owners = new Map<string, string>();
      return each(resolved?.addons, (addon) => {
        const shared = new Map<string, string[]>();
        for (const object of clusterScoped(addon)) {
          const other = owners.get(object);
          owners.set(object, addon.name);
          if (other !== undefined) shared.set(other, [...(shared.get(other) ?? []), object]);
        }
        return [...shared].map(([other, [first, ...more]]) => ({
          path: addonPath(addon, resolved),
          problem: `the charts of ${other} and ${addon.name} both own ${first}${more.length > 0 ? ` and ${more.length} more` : ""}.`,
          fix: `choose something else than ${addon.name} or ${other}`,
        }));
      });
    },
  },
  {
    id: "adopt-unknown",
    severity: "error",
    reason: "`adopt` imports releases by name and other objects as `Kind/name`; anything else would be passed over in silence.",
    cure: "Use a name that `bear recover` or `bear leftovers` prints.",
    find: ({ config, resolved }) => {
      const known = (resolved?.addons ?? []).flatMap(releasesOf);
      return config.adopt.flatMap((name, index) => {
        // Which plain objects the program makes only the program knows: kind and name in any case.
        if (known.includes(name) || /^[A-Z][A-Za-z]+\/[a-z0-9][a-z0-9.-]*$/.test(name)) return [];
        const near = didYouMean(name, known);
        return [
          {
            path: `bearstack:adopt[${index}]`,
            seen: name,
            problem: "is no Helm release of this stack, and no object written as Kind/name.",
            fix: near ? `did you mean "${near}"?` : known.length > 0 ? `use one of: ${known.sort().join(", ")}` : "remove it: this stack has no Helm releases",
          },
        ];
      });
    },
  },
];

function major(version: string): string {
  return version.replace(/^v/, "").split(".")[0]!;
}
