import { clean, type Bill, type Use } from "../../components/clusters/capacity/bill";
import { GIB, type Range } from "../../components/clusters/capacity/model";
import { clusters } from "../../components/clusters/registry";
import type { Facts } from "../rules/rule";
import { mostOf, sizedUp, type Sized } from "./capacity";
import type { Totals } from "./model";

/** A month by the list, in USD. */
export interface PlannedCost extends Bill {
  /** Sum of the lines that have a price. */
  month: Range;
  /** Whether every line has one. */
  complete: boolean;
}

/** What it costs by the list, roughly; null where nobody asks for money. */
export function plannedCost(facts: Pick<Facts, "config" | "resolved">, totals: Pick<Totals, "storage" | "loadBalancers">): PlannedCost | null {
  const { kind, config } = facts.config.cluster;
  const sized = sizedUp(facts);
  const bill = sized && clusters[kind]?.bill?.(config, useOf(sized, totals));
  if (!bill) return null;
  const month = bill.lines.reduce((sum, line) => ({ from: sum.from + (line.month?.from ?? 0), to: sum.to + (line.month?.to ?? 0) }), { from: 0, to: 0 });
  return { ...bill, month: clean(month), complete: bill.lines.every((line) => line.month !== null) };
}

function useOf({ capacity, groups, fit }: Sized, { storage, loadBalancers }: Pick<Totals, "storage" | "loadBalancers">): Use {
  return {
    nodes: fit.pools.map(({ pool, nodes }) => ({ pool, count: { from: nodes, to: mostOf(capacity, pool, nodes) } })),
    pods: groups.filter(({ perNode }) => !perNode).flatMap(({ cpu, memory, count }) => Array.from({ length: count }, () => ({ cpu, memory }))),
    storage: storage / GIB,
    loadBalancers,
  };
}
