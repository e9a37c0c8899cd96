import type { PriceTable } from "../capacity/bill";

/** USD of the list in Iowa (us-central1), an hour for a vCPU and for a GiB; disks a GiB a month. E2, N2, C2 and persistent disks were the same in September 2026. */
export const gkePrices = {
  date: "2025-04",
  region: "us-central1",
  sources: [
    "https://cloud.google.com/compute/vm-instance-pricing",
    "https://cloud.google.com/kubernetes-engine/pricing",
    "https://cloud.google.com/nat/pricing",
  ],
} as const satisfies PriceTable;

/** vCPU and GiB; together they give the price of every type without a local disk. Families of one shape have it all with the vCPU. */
export const families: Readonly<Record<string, readonly [vcpu: number, gib: number]>> = {
  e2: [0.0218116, 0.0029235],
  n1: [0.031611, 0.004237],
  n2: [0.031611, 0.004237],
  n2d: [0.027502, 0.003686],
  n4: [0.032578, 0.003702],
  t2d: [0.042246, 0],
  t2a: [0.0385, 0],
  c2: [0.052202, 0],
  c2d: [0.029563, 0.003959],
  c3: [0.03465, 0.003938],
  c3d: [0.029563, 0.003959],
  c4: [0.03465, 0.003938],
  c4a: [0.03086, 0.00351],
};

/** Families that have the newer factors of a region. */
export const NEWER = ["n4", "c3", "c3d", "c4", "c4a"];

/** Times the price of us-central1: machines, newer machines, persistent disks; a blank where Google has none of them there. */
export const regions: Readonly<Record<string, readonly [machines: number, newer: number | undefined, disks: number]>> = {
  "us-central1": [1, 1, 1],
  "us-east1": [1, 1, 1],
  "us-west1": [1, 1, 1],
  "us-east4": [1.126, 1, 1.1],
  "northamerica-northeast1": [1.101, 1.101, 1.1],
  "southamerica-east1": [1.587, 1.588, 1.5],
  "europe-west1": [1.1, 1.101, 1],
  "europe-west2": [1.288, 1.14, 1.2],
  "europe-west3": [1.288, 1.18, 1.2],
  "europe-west4": [1.101, 1.05, 1.1],
  "europe-west6": [1.399, undefined, 1.3],
  "europe-west9": [1.16, 1.16, 1.16],
  "europe-north1": [1.101, undefined, 1.1],
  "asia-northeast1": [1.283, 1.284, 1.3],
  "asia-southeast1": [1.234, 1.234, 1.1],
  "australia-southeast1": [1.419, 1.25, 1.35],
};

export const disks: Readonly<Record<string, number>> = { "pd-standard": 0.04, "pd-balanced": 0.1, "pd-ssd": 0.17, "hyperdisk-balanced": 0.08 };

export const CONTROL_PLANE = 0.1;
/** Cloud NAT: an hour for each machine, up to the price of 32, and for its address. */
export const NAT = { machine: 0.0014, most: 0.044, address: 0.005 };
/** The first five forwarding rules together. */
export const FORWARDING = 0.025;
/** Autopilot, general-purpose pods: an hour for a vCPU and a GiB that is asked for. */
export const AUTOPILOT = { vcpu: 0.0445, gib: 0.0049225 };
