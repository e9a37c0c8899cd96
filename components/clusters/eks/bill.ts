import { clean, exactly, HOURS, rangeText, times, type Bill, type BillLine, type Use } from "../capacity/bill";
import { nats } from "./capacity";
import { instanceType } from "./machines";
import { ADDRESS, AUTO_MODE, CONTROL_PLANE, eksPrices, EXTENDED, KEY, large, reference, regions, services } from "./prices";
import type { EksConfig } from "./schema";
import { zonesOf } from "./settings";

/** An hour of an instance in the reference region. */
export function onDemand(name: string): number | undefined {
  const type = instanceType(name);
  const price = type && large[type.family];
  if (!type || price === undefined) return undefined;
  // Burstable types go by memory: below large they all have two vCPUs.
  return price * (type.family.startsWith("t") ? type.memory / 8 : type.cpus / 2);
}

export function eksBill(config: EksConfig, use: Use): Bill {
  const factor = regions[config.region];
  const found = services[config.region] ?? {};
  const missing = (
    [
      ["nat", "gateways"],
      ["classic", "balancers"],
      ["gp3", "disks"],
    ] as const
  )
    .filter(([service]) => found[service] === undefined)
    .map(([, what]) => what);
  const { nat, classic, network, gp3 } = { ...reference, ...found };
  const auto = config.nodes === "auto";
  const notes = [
    ...(factor === undefined ? [`region ${config.region} is not in the table: prices of ${eksPrices.region}`] : []),
    ...(factor !== undefined && missing.length > 0 ? [`${missing.join(", ")} at prices of ${eksPrices.region}`] : []),
    ...(auto ? ["Auto Mode chooses its own instances: reckoned with these, and 12 % on top for what it does"] : []),
    ...(config.support === "EXTENDED" ? [`a version in extended support: the control plane is ${(EXTENDED * HOURS).toFixed(0)} USD`] : []),
  ];
  const lines: BillLine[] = [{ what: "control plane", count: "1", month: exactly(CONTROL_PLANE * HOURS) }];
  for (const { pool, count } of use.nodes) {
    const hour = pool.spot ? undefined : onDemand(pool.machine);
    const surcharge = auto ? 1 + AUTO_MODE : 1;
    lines.push({
      what: `nodes ${pool.name}`,
      count: `${rangeText(count)} × ${pool.machine}${pool.spot ? " (spot, price varies)" : ""}`,
      month: hour === undefined ? null : clean(times(count, hour * HOURS * (factor ?? 1) * surcharge)),
    });
    if (pool.disk)
      lines.push({
        what: `disks ${pool.name}`,
        count: `${rangeText(count)} × ${pool.disk.gib} GiB ${pool.disk.type}`,
        month: clean(times(count, pool.disk.gib * gp3)),
      });
  }
  const gateways = nats(config);
  if (gateways > 0) lines.push({ what: "NAT gateways", count: String(gateways), month: clean(exactly(gateways * (nat + ADDRESS) * HOURS)) });
  if (use.loadBalancers > 0) {
    // One address in each zone that the balancer is in.
    const zones = config.network.existing ? Math.max(config.network.existing.publicSubnets.length, 1) : zonesOf(config).length;
    const hour = (auto ? network : classic) + zones * ADDRESS;
    lines.push({
      what: "load balancers",
      count: `${use.loadBalancers} ${auto ? "network" : "classic"}`,
      month: clean(exactly(use.loadBalancers * hour * HOURS)),
    });
  }
  if (use.storage > 0) lines.push({ what: "volumes", count: `${Math.ceil(use.storage)} GiB gp3`, month: clean(exactly(use.storage * gp3)) });
  if (config.encryption.key === undefined) lines.push({ what: "KMS key", count: "1", month: exactly(KEY) });
  return { table: eksPrices, lines, notes };
}
