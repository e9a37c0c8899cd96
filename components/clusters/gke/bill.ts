import { clean, exactly, HOURS, rangeText, times, type Bill, type BillLine, type Use } from "../capacity/bill";
import { GIB } from "../capacity/model";
import { machineType } from "./machines";
import { AUTOPILOT, CONTROL_PLANE, disks, families, FORWARDING, gkePrices, NAT, NEWER, regions } from "./prices";
import type { GkeConfig } from "./schema";

export function gkeBill(config: GkeConfig, use: Use): Bill {
  const factors = regions[config.region];
  const [machines, newer, diskFactor] = factors ?? [1, 1, 1];
  const lines: BillLine[] = [{ what: "control plane", count: "1", month: exactly(CONTROL_PLANE * HOURS) }];
  const notes: string[] = [];
  if (!factors) notes.push(`region ${config.region} is not in the table: prices of ${gkePrices.region}`);

  for (const { pool, count } of use.nodes) {
    const type = machineType(pool.machine);
    const price = type?.plain ? families[type.family] : undefined;
    const factor = type && NEWER.includes(type.family) ? newer : machines;
    const gpus = config.pools?.[pool.name]?.accelerator;
    const hour = pool.spot || gpus || !type || !price || factor === undefined ? undefined : (type.paid * price[0] + type.memory * price[1]) * factor;
    lines.push({
      what: `nodes ${pool.name}`,
      count: `${rangeText(count)} × ${pool.machine}${pool.spot ? " (spot, price varies)" : ""}${gpus ? " with GPUs" : ""}`,
      month: hour === undefined ? null : clean(times(count, hour * HOURS)),
    });
    const disk = pool.disk && disks[pool.disk.type];
    if (pool.disk)
      lines.push({
        what: `disks ${pool.name}`,
        count: `${rangeText(count)} × ${pool.disk.gib} GiB ${pool.disk.type}`,
        month: disk === undefined ? null : clean(times(count, pool.disk.gib * disk * diskFactor)),
      });
  }
  if (config.mode === "autopilot") {
    const asked = use.pods.map(billedByAutopilot).reduce((sum, one) => ({ cpu: sum.cpu + one.cpu, gib: sum.gib + one.gib }), { cpu: 0, gib: 0 });
    lines.push({
      what: "pods",
      count: `${asked.cpu.toFixed(1)} vCPU, ${asked.gib.toFixed(1)} GiB asked for`,
      month: clean(exactly((asked.cpu * AUTOPILOT.vcpu + asked.gib * AUTOPILOT.gib) * machines * HOURS)),
    });
    notes.push(
      "Autopilot: general-purpose pods, raised to its least requests, without those on each node; one such cluster of a billing account has its control plane free",
    );
  }
  if (!config.network.existing) {
    const nodes = use.nodes.reduce((sum, { count }) => ({ from: sum.from + count.from, to: sum.to + count.to }), exactly(0));
    const nat = (count: number): number => (Math.min(count * NAT.machine, NAT.most) + NAT.address) * HOURS;
    const known = config.mode !== "autopilot";
    lines.push({ what: "NAT gateway", count: "1", month: known ? clean({ from: nat(nodes.from), to: nat(nodes.to) }) : clean({ from: nat(1), to: nat(32) }) });
  }
  if (use.loadBalancers > 0)
    lines.push({
      what: "load balancers",
      count: String(use.loadBalancers),
      month: use.loadBalancers <= 5 ? clean(exactly(FORWARDING * HOURS)) : null,
    });
  if (use.storage > 0)
    lines.push({
      what: "volumes",
      count: `${Math.ceil(use.storage)} GiB ${config.storageClass}`,
      // standard-rwo is pd-balanced (GKE: StorageClasses); what another class is, the config does not say.
      month: config.storageClass === "standard-rwo" ? clean(exactly(use.storage * disks["pd-balanced"]! * diskFactor)) : null,
    });
  if (config.channel === "EXTENDED") notes.push("a version in extended support costs more (channel EXTENDED)");
  return { table: gkePrices, lines, notes };
}

/** Least requests of Autopilot's general-purpose pods, and between 1 and 6.5 GiB for a vCPU: what is out of it is raised (GKE: Resource requests in Autopilot). */
export function billedByAutopilot({ cpu, memory }: { cpu: number; memory: number }): { cpu: number; gib: number } {
  const gib = Math.max(memory / GIB, 52 / 1024);
  const cores = Math.max(cpu, 0.05, gib / 6.5);
  return { cpu: cores, gib: Math.max(gib, cores) };
}
