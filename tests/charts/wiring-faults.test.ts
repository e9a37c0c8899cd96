import { describe, expect, it } from "vitest";
import type { OutlineObject } from "../../components/core/lock";
import type { Resolved, ResolvedAddon } from "../../components/core/resolve";
import { unknownValuePaths } from "./values-paths";
import { wiringFaults } from "./wiring-faults";

const web: OutlineObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  name: "web",
  namespace: "@",
  podLabels: { app: "web" },
  podSecurity: "restricted",
  containers: [{ name: "web", image: "example.com/web", ports: [{ name: "http", port: 8080 }] }],
};
const service: OutlineObject = {
  apiVersion: "v1",
  kind: "Service",
  name: "web",
  namespace: "@",
  selector: { app: "web" },
  ports: [{ port: 80, targetPort: "http" }],
};

interface Change {
  outline?: OutlineObject[];
  all?: Record<string, unknown>;
  ports?: object;
  need?: object;
  values?: object;
  second?: OutlineObject[];
}

/** A platform of one add-on called `shop` in which everything fits, with one thing changed. */
function platform({ outline = [web, service], all = {}, ports = {}, need = {}, values = {}, second }: Change): Resolved {
  const addon = (name: string, objects: OutlineObject[]): ResolvedAddon =>
    ({
      name,
      namespace: "shop",
      addon: { lock: { charts: { [name]: { outline: objects } } }, values: () => values },
      config: {},
      scope: {},
      needs: [],
      wants: [],
      provides: [],
      ports,
      contributions: {},
    }) as unknown as ResolvedAddon;
  return {
    addons: [addon("shop", outline), ...(second ? [addon("other", second)] : [])],
    given: {},
    providers: {},
    namespaces: [{ name: "shop", podSecurity: "restricted", addon: "shop", ...need }],
    all: { uis: [], scrapes: [], flows: [], dashboards: [], alerts: [], dataSources: [], ...all },
  } as unknown as Resolved;
}

const from = { addon: "shop", namespace: "shop" };

describe("wiringFaults", () => {
  it("finds nothing where all fits", () => {
    const all = {
      uis: [{ ...from, name: "web", service: "web", port: 80 }],
      flows: [{ ...from, ports: [8080], why: "visitors" }],
      scrapes: [{ ...from, name: "web", port: 8080, portName: "http", selector: { app: "web" } }],
      backend: { addon: "shop", namespace: "shop", service: "web", http: 80, https: 80 },
    };
    expect(wiringFaults(platform({ all, values: { url: "http://web.shop.svc:80/x", elsewhere: "http://web.other.svc:81" } }))).toEqual([]);
  });

  const claim: OutlineObject = { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "data", namespace: "@", claims: [{ name: "data", storage: "1Gi" }] };
  it.each<[string, Change, RegExp]>([
    [
      "a page of a Service that is not there",
      { all: { uis: [{ ...from, name: "web", service: "wep", port: 80 }] } },
      /^page web \(shop\): there is no Service shop\/wep with port 80$/,
    ],
    [
      "a backend with another port",
      { all: { backend: { addon: "shop", namespace: "shop", service: "web", http: 80, https: 443 } } },
      /backend \(shop\): .* port 443/,
    ],
    ["an address in values", { values: { deep: [{ url: "http://web.shop.svc.cluster.local:81" }] } }, /shop writes to web\.shop\.svc\.cluster\.local:81/],
    ["an address in a port", { ports: { metrics: { url: "http://wep.shop:80" } } }, /shop writes to wep\.shop:80/],
    [
      "a flow to a port nobody opens",
      { all: { flows: [{ ...from, ports: [9], why: "visitors" }] } },
      /flow "visitors" \(shop\): no pod in shop has container port 9/,
    ],
    [
      "a scrape by another port name",
      { all: { scrapes: [{ ...from, name: "web", port: 8080, portName: "metrics" }] } },
      /scrape web \(shop\): no pod in shop has port metrics 8080/,
    ],
    ["a Service without pods", { outline: [web, { ...service, selector: { app: "wep" } }] }, /Service shop\/web \(shop\) selects no pods/],
    ["a Service that aims at no port", { outline: [web, { ...service, ports: [{ port: 80, targetPort: "htp" }] }] }, /aims at a port "htp"/],
    [
      "pods the namespace refuses",
      { outline: [{ ...web, podSecurity: "privileged" }, service] },
      /Deployment shop\/web \(shop\) needs privileged, its namespace is restricted/,
    ],
    ["a namespace weaker than it must be", { need: { podSecurity: "baseline" } }, /namespace shop is baseline, but its pods pass restricted/],
    ["claims nobody declared", { outline: [web, service, claim] }, /namespace shop holds claims of shop/],
    [
      "pods in a namespace nobody makes",
      { outline: [{ ...web, namespace: "@-agents" }, { ...web }, service] },
      /Deployment web \(shop\) lives in shop-agents, which nobody makes/,
    ],
    [
      "one name made twice",
      {
        second: [{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", name: "x" }],
        outline: [web, service, { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", name: "x" }],
      },
      /ClusterRole x is made by shop and by other/,
    ],
  ])("finds %s", (_what, change, expected) => {
    const faults = wiringFaults(platform(change));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(expected);
  });
});

describe("unknownValuePaths", () => {
  const defaults = { image: { tag: "" }, free: {}, unset: null, list: [1], flag: true };

  it("lets known paths and free-form maps pass", () => {
    expect(unknownValuePaths({ image: { tag: "1" }, free: { any: { thing: 1 } }, unset: { a: 1 }, list: [{ x: 1 }], flag: false }, defaults, [])).toEqual([]);
  });

  it("names what the chart does not know, unless it is declared", () => {
    expect(unknownValuePaths({ image: { tga: "1" }, imgae: {}, flag: { on: true } }, defaults, [])).toEqual([
      "image.tga",
      "imgae",
      "flag (not an object there)",
    ]);
    expect(unknownValuePaths({ image: { tga: "1" } }, defaults, ["image.tga"])).toEqual([]);
  });
});
