import type { PriceTable } from "../capacity/bill";

/** USD of the list in N. Virginia (us-east-1), an hour. */
export const eksPrices = {
  date: "2026-07-20",
  region: "us-east-1",
  sources: ["https://aws.amazon.com/ec2/pricing/on-demand/", "https://aws.amazon.com/eks/pricing/", "https://aws.amazon.com/vpc/pricing/"],
} as const satisfies PriceTable;

/** The size `large` of a family; others are as many times as much as they have vCPUs or memory more. From the price list as Karpenter has it. */
export const large: Readonly<Record<string, number>> = {
  m5: 0.096,
  m5a: 0.086,
  m6i: 0.096,
  m6a: 0.0864,
  m6g: 0.077,
  m7i: 0.1008,
  "m7i-flex": 0.09576,
  m7a: 0.11592,
  m7g: 0.0816,
  m8g: 0.08976,
  m8i: 0.10584,
  "m8i-flex": 0.10055,
  m8a: 0.12172,
  c5: 0.085,
  c5a: 0.077,
  c6i: 0.085,
  c6a: 0.0765,
  c6g: 0.068,
  c7i: 0.08925,
  "c7i-flex": 0.08479,
  c7a: 0.10264,
  c7g: 0.0725,
  c8g: 0.07976,
  c8i: 0.09371,
  c8a: 0.10777,
  r5: 0.126,
  r5a: 0.113,
  r6i: 0.126,
  r6a: 0.1134,
  r6g: 0.1008,
  r7i: 0.1323,
  r7a: 0.15215,
  r7g: 0.1071,
  r8g: 0.11782,
  r8i: 0.13892,
  r8a: 0.15976,
  t3: 0.0832,
  t3a: 0.0752,
  t4g: 0.0672,
};

/** Times the price of us-east-1: m6i.large there and here. Other families are a few percent off, those on Arm in ap-south-1 far, so it is not here. */
export const regions: Readonly<Record<string, number>> = {
  "us-east-1": 1,
  "us-east-2": 1,
  "us-west-2": 1,
  "us-west-1": 0.112 / 0.096,
  "ca-central-1": 0.107 / 0.096,
  "eu-north-1": 0.102 / 0.096,
  "eu-west-1": 0.107 / 0.096,
  "eu-west-2": 0.111 / 0.096,
  "eu-west-3": 0.112 / 0.096,
  "eu-south-1": 0.112 / 0.096,
  "eu-central-1": 0.115 / 0.096,
  "me-central-1": 0.1177 / 0.096,
  "ap-northeast-1": 0.124 / 0.096,
  "ap-northeast-2": 0.118 / 0.096,
  "ap-southeast-1": 0.12 / 0.096,
  "ap-southeast-2": 0.12 / 0.096,
};

export interface Services {
  nat: number;
  /** Classic balancer, which the control plane makes, and network balancer, which Auto Mode makes; without what goes through. */
  classic: number;
  network: number;
  /** gp3, a GiB a month. */
  gp3: number;
}

export const reference: Services = { nat: 0.045, classic: 0.025, network: 0.0225, gp3: 0.08 };

/** What was found of other regions; the reference stands in for the rest. */
export const services: Readonly<Record<string, Partial<Services>>> = {
  "us-east-1": reference,
  "eu-west-1": { nat: 0.048, classic: 0.028, network: 0.0252, gp3: 0.088 },
  "eu-central-1": { nat: 0.052, gp3: 0.0952 },
};

export const CONTROL_PLANE = 0.1;
/** Of a version in extended support. */
export const EXTENDED = 0.6;
/** Each public address, everywhere. */
export const ADDRESS = 0.005;
/** Auto Mode: this share of the on-demand price on top (m5a.xlarge 0.02064 of 0.172, c6a.2xlarge 0.03672 of 0.306). */
export const AUTO_MODE = 0.12;
/** KMS: a key, a month. */
export const KEY = 1;
