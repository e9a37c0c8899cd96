import { addons } from "../../../components/addons/registry";
import type { AnyAddon, Scope } from "../../../components/core/addon";
import type { Contributions } from "../../../components/core/contributions";
import { portSummaries, type Port } from "../../../components/core/ports";
import { slotNames, slotSpec, type Slot } from "../../../components/core/slots";
import { code, GENERATED, page, table } from "./markdown";

/** A platform where everything built is on, so that the matrix shows all there is. */
function fullScope(addon: AnyAddon): Scope {
  const built = (slot: Slot): string[] =>
    slotSpec(slot)
      .choices.filter((choice) => addons[choice]?.slots.includes(slot))
      .slice(0, 1);
  return {
    cluster: "existing",
    domain: "example.com",
    profile: "small",
    namespace: addon.namespace ?? addon.name,
    choices: Object.fromEntries(slotNames.map((slot) => [slot, addon.slots.includes(slot) ? [addon.name] : built(slot)])) as unknown as Scope["choices"],
    exposure: "loadBalancer",
    pullSecrets: [],
    imageMirror: undefined,
    closedSystem: false,
  };
}

interface Facts {
  addon: AnyAddon;
  needs: readonly Port[];
  contributions: Contributions;
}

function factsOf(addon: AnyAddon): Facts {
  const config: unknown = addon.schema.parse({});
  const scope = fullScope(addon);
  return {
    addon,
    needs: typeof addon.needs === "function" ? addon.needs(config, scope) : addon.needs,
    contributions: addon.contributes?.(config, scope) ?? {},
  };
}

const names = (items: readonly { name: string }[] | undefined): string => (items ?? []).map((item) => item.name).join(", ");

function row({ addon, contributions }: Facts): string[] {
  const { uis, scrapes, dashboards, alerts, flows, dataSources, traceSink } = contributions;
  return [
    code(addon.name),
    (uis ?? []).map((ui) => `${ui.title}${ui.ownLogin ? "" : " (guarded)"}`).join(", "),
    names(scrapes),
    names(dashboards),
    alerts && alerts.length > 0 ? String(alerts.length) : "",
    (flows ?? []).map((flow) => `${flow.ports.join(", ")} from ${flow.from.join(", ")}`).join("; "),
    names(dataSources),
    traceSink ? "receives" : "",
  ];
}

/** docs/wiring.md: what each add-on brings for the others, and who provides which port to whom. */
export function wiringPage(): string {
  const all = Object.values(addons)
    .filter((addon) => addon.schema.safeParse({}).success)
    .map(factsOf);
  const ports = (Object.keys(portSummaries) as Port[]).map((port) => [
    code(port),
    portSummaries[port],
    all
      .filter(({ addon }) => addon.provides.includes(port))
      .map(({ addon }) => code(addon.name))
      .join(", "),
    all
      .filter(({ needs }) => needs.includes(port))
      .map(({ addon }) => code(addon.name))
      .join(", "),
    all
      .filter(({ addon, needs }) => addon.wants.includes(port) && !needs.includes(port))
      .map(({ addon }) => code(addon.name))
      .join(", "),
  ]);
  return page([
    GENERATED,
    "# What is wired to what",
    "Nothing here is configured by hand: when both sides are on, they find each other. Ports order creation and carry addresses; everything else is a contribution that the platform collects.",
    "## Ports",
    "`cluster` and slots filled by `existing` provide ports as well.",
    table(["Port", "What it does", "Provided by", "Needed by", "Used when there by"], ports),
    "## Contributions",
    "With default settings. A guarded page has no login of its own: it is exposed behind single sign-on or a generated password only. Flows are the connections the NetworkPolicies admit; a slot stands for whatever fills it. Scrapes reach `metrics`, dashboards, alerts and data sources reach `dashboards` and `metrics`.",
    table(["Add-on", "Pages", "Scraped as", "Dashboards", "Alerts", "Flows in", "Data sources", "Traces"], all.map(row)),
  ]);
}
