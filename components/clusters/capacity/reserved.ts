/**
 * Cores that a node of so many keeps for itself: 6 % of the first, 1 % of the second, 0.5 % of the next two, 0.25 % of the rest. GKE
 * (Plan GKE Standard node sizes, CPU reservations) and EKS (awslabs/amazon-eks-ami, nodeadm, getCPUMillicoresToReserve) do it alike.
 */
export const reservedCpu = (cpus: number): number =>
  byTiers(cpus, [
    [1, 0.06],
    [1, 0.01],
    [2, 0.005],
    [Infinity, 0.0025],
  ]);

/** A share of each tier that an amount reaches into. */
export function byTiers(amount: number, tiers: readonly (readonly [size: number, share: number])[]): number {
  let [left, kept] = [amount, 0];
  for (const [size, share] of tiers) {
    kept += Math.min(left, size) * share;
    left = Math.max(0, left - size);
  }
  return kept;
}

/** Memory below which kubelet puts pods out: its own default, which both clouds keep (kubernetes.io, Node-pressure Eviction). */
export const EVICTION_MIB = 100;
