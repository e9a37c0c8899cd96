/** One network, or one of IPv4 and one of IPv6; the family of the first is that of Services which do not ask for one. */
export type Networks = string | readonly string[];

const isIpv6 = (network: string): boolean => network.includes(":");
const maskOf = (network: string): number => Number(network.split("/")[1]);

/**
 * Mask of the part of a pods' network of IPv6 that a node gets: there are as many parts as of IPv4, where they are a /24 each. k0s
 * would take a /117, and the controllers of Kubernetes do not start when that is more than 16 bits longer than the network.
 */
export function ipv6PodsOfNode(pods: Networks): number | undefined {
  const [ipv4, ipv6] = apart(pods);
  if (ipv4 === undefined || ipv6 === undefined) return undefined;
  return maskOf(ipv6) + Math.min(16, Math.max(1, 24 - maskOf(ipv4)));
}

function apart(given: Networks): [ipv4: string | undefined, ipv6: string | undefined] {
  const all = [given].flat();
  return [all.find((one) => !isIpv6(one)), all.find(isIpv6)];
}

/** Networks of the cluster as k0s.yaml has them. */
export function networkFields({ pods, services }: { pods: Networks; services: Networks }): object {
  const [podCIDR, IPv6podCIDR] = apart(pods);
  const [serviceCIDR, IPv6serviceCIDR] = apart(services);
  if (IPv6podCIDR === undefined) return { podCIDR, serviceCIDR };
  return {
    podCIDR,
    serviceCIDR,
    dualStack: { enabled: true, IPv6podCIDR, IPv6serviceCIDR },
    primaryAddressFamily: isIpv6([pods].flat()[0]!) ? "IPv6" : "IPv4",
  };
}
