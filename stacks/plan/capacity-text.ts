import type { Range, Room } from "../../components/clusters/capacity/model";
import { bytesText, coresText } from "../quantity";
import type { PlannedCapacity, PlannedPool } from "./capacity";

/** From one amount to another, or the one. */
export const range = ({ from, to }: Range, text: (amount: number) => string = String): string => (from === to ? text(from) : `${text(from)} to ${text(to)}`);

const roomText = ({ cpu, memory, pods }: Room): string => `${coresText(cpu)} cores, ${bytesText(memory)}, ${pods} pods`;

/** How many nodes, and of what. */
function nodesText({ min, max, machine }: PlannedPool): string {
  const count = range({ from: min, to: max });
  return machine === "hosts" ? `${count} ${max === 1 ? "host" : "hosts"}` : `${count} × ${machine}`;
}

function poolRow(pool: PlannedPool): string[] {
  const size = pool.cpus === null || pool.memory === null ? "size not known" : `${pool.cpus} vCPU, ${bytesText(pool.memory)}`;
  const more = [pool.spot ? "spot" : "", ...pool.taints].filter(Boolean).join(", ");
  return [
    `nodes ${pool.name}`,
    nodesText(pool),
    size,
    pool.allocatable ? `${coresText(pool.allocatable.cpu)} cores, ${bytesText(pool.allocatable.memory)} for pods` : "",
    [pool.disk ? `${pool.disk.gib} GiB ${pool.disk.type}` : "", more].filter(Boolean).join("; "),
  ];
}

/** The nodes and what is around them: what, how many, how large, what is left for pods, disk. */
export function capacityRows({ nodesBy, pools, cpus, memory, parts }: PlannedCapacity): string[][] {
  const blank = ["", "", ""];
  return [
    ...parts.map(({ what, count }) => [what, String(count), ...blank]),
    ...(nodesBy !== null && pools.length === 0 ? [["nodes", `made by ${nodesBy}`, ...blank]] : []),
    ...pools.map(poolRow),
    ...(cpus && memory && pools.length > 0 ? [["together", `${range(cpus)} vCPU`, range(memory, bytesText), "", ""]] : []),
  ];
}

/** Whether the platform fits. */
export function fitRows({ fit }: PlannedCapacity): string[][] {
  return [
    ["asked for", `${roomText(fit.asked)} (those of the cluster itself among them)`],
    ...(fit.room && fit.room.most.pods > 0
      ? [
          [
            "room for pods",
            fit.room.least.pods === fit.room.most.pods ? roomText(fit.room.least) : `${roomText(fit.room.least)}; at most ${roomText(fit.room.most)}`,
          ],
        ]
      : []),
    ["result", fit.text],
  ];
}

/** What of it differs between two plans, by name. */
export function capacityMap(capacity: PlannedCapacity | null | undefined): Map<string, string> {
  return new Map([
    ...(capacity?.pools ?? []).map((pool): [string, string] => [`nodes ${pool.name}`, nodesText(pool)]),
    ...(capacity?.parts ?? []).map(({ what, count }): [string, string] => [what, String(count)]),
    ...(capacity ? [["fit", capacity.fit.text] as const] : []),
  ]);
}
