import { placed } from "../../components/charts/outline";
import { askedPorts } from "../../components/charts/render";
import type { PodSecurity } from "../../components/core/contributions";
import type { OutlineObject } from "../../components/core/lock";
import type { Resolved } from "../../components/core/resolve";
import { outlineOf } from "../../components/security/network-policies";

const levels: readonly PodSecurity[] = ["restricted", "baseline", "privileged"];

/** A label that each pod of a StatefulSet gets for itself (kubernetes.io, StatefulSets). */
const POD_NAME = "statefulset.kubernetes.io/pod-name";

interface Owned extends OutlineObject {
  addon: string;
}

/** What the wiring of a resolved platform points at, but its outlines do not have; a line each. */
export function wiringFaults(resolved: Resolved): string[] {
  const objects: Owned[] = resolved.addons.flatMap((addon) => outlineOf(addon).map((object) => ({ ...placed(object, addon.namespace), addon: addon.name })));
  const facts = new Facts(objects, new Set(resolved.namespaces.map((need) => need.name)));
  return [
    ...serviceFaults(facts),
    ...pageFaults(resolved, facts),
    ...addressFaults(resolved, facts),
    ...portFaults(resolved, facts),
    ...namespaceFaults(resolved, facts),
    ...nameFaults(objects),
  ];
}

class Facts {
  readonly services: Owned[];
  readonly workloads: Owned[];

  constructor(
    readonly objects: Owned[],
    readonly namespaces: ReadonlySet<string>,
  ) {
    this.services = objects.filter((object) => object.kind === "Service");
    this.workloads = objects.filter((object) => object.containers);
  }

  service(namespace: string, name: string): Owned | undefined {
    return this.services.find((service) => service.namespace === namespace && service.name === name);
  }

  hasPort(namespace: string, name: string, port: number): boolean {
    return this.service(namespace, name)?.ports?.some((entry) => entry.port === port) ?? false;
  }

  selected(namespace: string | undefined, selector: Record<string, string>): Owned[] {
    const wanted = Object.entries(selector).filter(([key]) => key !== POD_NAME);
    return this.workloads.filter((workload) => workload.namespace === namespace && wanted.every(([key, value]) => workload.podLabels?.[key] === value));
  }

  containerPorts(namespace: string): number[] {
    return this.workloads
      .filter((workload) => workload.namespace === namespace && workload.hook === undefined)
      .flatMap(portsOf)
      .map((port) => port.port);
  }
}

function portsOf(workload: OutlineObject): { name?: string; port: number }[] {
  return (workload.containers ?? []).flatMap((container) => container.ports ?? []);
}

/** A Service of the platform's own namespaces has pods behind it, and the ports it names are theirs. */
function serviceFaults(facts: Facts): string[] {
  return facts.services.flatMap((service) => {
    if (!service.selector || !facts.namespaces.has(service.namespace!)) return [];
    const place = `Service ${service.namespace}/${service.name} (${service.addon})`;
    const pods = facts.selected(service.namespace, service.selector);
    if (pods.length === 0) return [`${place} selects no pods: ${JSON.stringify(service.selector)}`];
    return (service.ports ?? []).flatMap(({ targetPort }) => {
      if (typeof targetPort !== "string" || pods.some((pod) => portsOf(pod).some((port) => port.name === targetPort))) return [];
      return [`${place} aims at a port "${targetPort}" that its pods do not have`];
    });
  });
}

function pageFaults(resolved: Resolved, facts: Facts): string[] {
  const pages = resolved.all.uis.map((ui) => ({ what: `page ${ui.name} (${ui.addon})`, namespace: ui.namespace, service: ui.service, port: ui.port }));
  const { backend } = resolved.all;
  const entries = backend
    ? [backend.http, backend.https].map((port) => ({ what: `backend (${backend.addon})`, namespace: backend.namespace, service: backend.service, port }))
    : [];
  return [...pages, ...entries].flatMap(({ what, namespace, service, port }) =>
    facts.hasPort(namespace, service, port) ? [] : [`${what}: there is no Service ${namespace}/${service} with port ${port}`],
  );
}

/** Every in-cluster address in ports, data sources and chart values is a Service with that port. */
function addressFaults(resolved: Resolved, facts: Facts): string[] {
  return resolved.addons.flatMap((addon) => {
    const values = Object.keys(addon.addon.lock?.charts ?? {}).map((chart) =>
      addon.addon.values?.(chart, { config: addon.config, scope: addon.scope, ports: askedPorts(resolved, addon), all: resolved.all }),
    );
    const texts = [...textsOf(addon.ports), ...textsOf(addon.contributions.dataSources), ...textsOf(addon.contributions.traceSink), ...textsOf(values)];
    const seen = new Map<string, string>();
    for (const text of texts) {
      for (const [address, service, namespace, port] of text.matchAll(/([a-z0-9][a-z0-9-]*)\.([a-z0-9][a-z0-9-]*)(?:\.svc(?:\.cluster\.local)?)?:(\d+)/g)) {
        if (facts.namespaces.has(namespace!) && !facts.hasPort(namespace!, service!, Number(port)))
          seen.set(address, `${addon.name} writes to ${address}, but there is no such Service and port`);
      }
    }
    return [...seen.values()];
  });
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return value && typeof value === "object" ? Object.values(value).flatMap(textsOf) : [];
}

/** Ports that policies open and monitors name are container ports of pods there. */
function portFaults(resolved: Resolved, facts: Facts): string[] {
  const flows = resolved.all.flows.flatMap((flow) => {
    if (flow.namespace === "*") return [];
    const open = facts.containerPorts(flow.namespace);
    return flow.ports
      .filter((port) => !open.includes(port))
      .map((port) => `flow "${flow.why}" (${flow.addon}): no pod in ${flow.namespace} has container port ${port}`);
  });
  const scrapes = resolved.all.scrapes.flatMap((scrape) => {
    const pods = scrape.selector
      ? facts.selected(scrape.namespace, scrape.selector)
      : facts.workloads.filter((workload) => workload.namespace === scrape.namespace);
    const match = pods.some((pod) =>
      portsOf(pod).some((port) => port.port === scrape.port && (scrape.portName === undefined || port.name === scrape.portName)),
    );
    return match ? [] : [`scrape ${scrape.name} (${scrape.addon}): no pod in ${scrape.namespace} has port ${scrape.portName ?? ""} ${scrape.port}`];
  });
  return [...flows, ...scrapes];
}

/** Pods live in namespaces that exist, at a Pod Security level that admits them, and no weaker than it must be. */
function namespaceFaults(resolved: Resolved, facts: Facts): string[] {
  const faults: string[] = [];
  for (const name of facts.namespaces) {
    const declared = Math.max(...resolved.namespaces.filter((need) => need.name === name).map((need) => levels.indexOf(need.podSecurity)));
    const workloads = facts.workloads.filter((workload) => workload.namespace === name);
    for (const workload of workloads) {
      if (levels.indexOf(workload.podSecurity ?? "restricted") > declared)
        faults.push(`${workload.kind} ${name}/${workload.name} (${workload.addon}) needs ${workload.podSecurity}, its namespace is ${levels[declared]}`);
    }
    const needed = Math.max(0, ...workloads.map((workload) => levels.indexOf(workload.podSecurity ?? "restricted")));
    if (needed < declared) faults.push(`namespace ${name} is ${levels[declared]}, but its pods pass ${levels[needed]}`);
    const claims = facts.objects.filter((object) => object.namespace === name && (object.claims?.length ?? 0) > 0);
    const declaredClaims = resolved.namespaces.some((need) => need.name === name && need.claims);
    if (claims.length > 0 && !declaredClaims) faults.push(`namespace ${name} holds claims of ${claims[0]!.addon}, which does not say so`);
  }
  for (const workload of facts.workloads)
    if (!facts.namespaces.has(workload.namespace!))
      faults.push(`${workload.kind} ${workload.name} (${workload.addon}) lives in ${workload.namespace}, which nobody makes`);
  return faults;
}

/** Helm refuses an object that another release owns. */
function nameFaults(objects: readonly Owned[]): string[] {
  const owners = new Map<string, string>();
  return objects.flatMap((object) => {
    const key = `${object.kind} ${object.namespace ? `${object.namespace}/` : ""}${object.name}`;
    const owner = owners.get(key) ?? object.addon;
    owners.set(key, owner);
    return owner === object.addon ? [] : [`${key} is made by ${owner} and by ${object.addon}`];
  });
}
