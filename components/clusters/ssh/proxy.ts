import ipaddr from "ipaddr.js";
import * as z from "zod";
import { FIX, secret } from "../../core/schema";
import { Secret } from "../../core/secret";

/** Characters that neither a shell nor systemd reads as something else. */
const address = z
  .string()
  .regex(/^https?:\/\/[A-Za-z0-9.:[\]_-]+\/?$/, `is no proxy${FIX}write it like http://proxy.example.com:3128; one with a password goes in as a secret`)
  .or(secret());

/** A proxy for what hosts get from outside. */
export const Proxy = z.strictObject({
  http: address.optional().describe("Proxy for http:// addresses; a secret where it has a password, its special characters as %40 and the like."),
  https: address.optional().describe("Proxy for https:// addresses, likewise."),
  no: z
    .array(z.string().regex(/^[A-Za-z0-9.:/*_-]+$/, `is no address${FIX}write a name, .domain, an address or a network`))
    .default([])
    .describe(
      "What is reached without it. What belongs to the cluster always is: its networks and names, localhost, and the /24 (IPv6: /64) or domain that a host is in.",
    ),
});
export type Proxy = z.output<typeof Proxy>;

interface Surroundings {
  proxy?: Proxy | undefined;
  endpoint?: string | undefined;
  virtualAddress?: { address: string } | undefined;
  network: { pods: string | string[]; services: string | string[] };
  clusterDomain: string;
}

/** What is reached without the proxy, once and in order. */
export function withoutProxy({ proxy, endpoint, virtualAddress, network, clusterDomain }: Surroundings, hosts: readonly { address: string }[]): string[] {
  const own = ["localhost", "127.0.0.0/8", "127.0.0.1", "::1", ...[network.pods, network.services].flat(), ".svc", `.${clusterDomain}`];
  const front = [endpoint, virtualAddress?.address].filter((name) => name !== undefined);
  return [...new Set([...own, ...front, ...hosts.map(({ address: host }) => around(host)), ...(proxy?.no ?? [])])];
}

/** The network or domain that a host is in: one more next to it is no change for all others, which would start them anew. */
function around(host: string): string {
  if (!ipaddr.isValid(host)) return host.includes(".") ? host.slice(host.indexOf(".")) : host;
  return host.includes(":")
    ? `${ipaddr.IPv6.networkAddressFromCIDR(`${host}/64`).toString()}/64`
    : `${ipaddr.IPv4.networkAddressFromCIDR(`${host}/24`).toString()}/24`;
}

/** Settings for proxies that are no secret. */
export function proxySettings(surroundings: Surroundings, hosts: readonly { address: string }[]): Record<string, string> {
  const { proxy } = surroundings;
  if (!proxy) return {};
  const clear = (value: string | Secret | undefined): string => (typeof value === "string" ? value : "");
  return { PROXY_HTTP: clear(proxy.http), PROXY_HTTPS: clear(proxy.https), PROXY_NO: withoutProxy(surroundings, hosts).join(",") };
}

/** Proxies that are a secret, by the name that a host gets them with. */
export function proxySecrets(proxy: Proxy | undefined): Record<string, Secret> {
  const given = { PROXY_HTTP: proxy?.http, PROXY_HTTPS: proxy?.https };
  return Object.fromEntries(Object.entries(given).flatMap(([name, value]) => (value instanceof Secret ? [[name, value]] : [])));
}

/** Name of the host of a proxy, for a look-up; undefined where it is a secret or an address. */
export function proxyName(proxy: Proxy | undefined): string | undefined {
  const value = proxy?.https ?? proxy?.http;
  const name = typeof value === "string" ? new URL(value).hostname : undefined;
  return name === undefined || /^[\d.]+$|:/.test(name) ? undefined : name;
}
