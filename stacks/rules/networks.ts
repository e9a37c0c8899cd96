import ipaddr from "ipaddr.js";

/** Whether a network holds an address; a name is no address. */
export const inside = (address: string, network: string): boolean => {
  if (!ipaddr.isValid(address)) return false;
  const [host, [base, bits]] = [ipaddr.parse(address), ipaddr.parseCIDR(network)];
  return host.kind() === base.kind() && host.match(base, bits);
};

export const overlap = (one: string, other: string): boolean => inside(one.split("/")[0]!, other) || inside(other.split("/")[0]!, one);
