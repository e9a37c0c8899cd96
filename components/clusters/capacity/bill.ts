import type { NodePool, Range } from "./model";

/** Where prices come from, and of which day they are. */
export interface PriceTable {
  date: string;
  /** Region that the prices are of; those of others are a factor away. */
  region: string;
  sources: readonly string[];
}

/** One line of an estimate. */
export interface BillLine {
  what: string;
  /** How many there are of it, in words. */
  count: string;
  /** USD a month; null where the table has no price. */
  month: Range | null;
}

export interface Bill {
  table: PriceTable;
  lines: BillLine[];
  /** What to know about the figures. */
  notes: string[];
}

/** What there is to pay for besides the config. */
export interface Use {
  /** Nodes of each kind: those that are needed, or else always there, to the most. */
  nodes: readonly { pool: NodePool; count: Range }[];
  /** Pods of the platform, where they are what is paid for. */
  pods: readonly { cpu: number; memory: number }[];
  /** GiB of claims. */
  storage: number;
  loadBalancers: number;
}

/** A month as price lists have it. */
export const HOURS = 730;

export const times = ({ from, to }: Range, price: number): Range => ({ from: from * price, to: to * price });
export const rangeText = ({ from, to }: Range): string => (from === to ? String(from) : `${from} to ${to}`);
export const exactly = (amount: number): Range => ({ from: amount, to: amount });

/** Whole cents. */
export const clean = ({ from, to }: Range): Range => ({ from: Math.round(from * 100) / 100, to: Math.round(to * 100) / 100 });
