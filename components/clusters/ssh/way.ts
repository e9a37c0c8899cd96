import type { Secret } from "../../core/secret";
import type { Host } from "./hosts";
import type { SshSettings } from "./schema";

/** One machine on the way to a host. */
interface Hop<Key> {
  host: string;
  port: number;
  user: string;
  hostKey: string;
  privateKey?: Key;
  dialErrorLimit: number;
  perDialTimeout: number;
}

/** A host that does not answer three times within a quarter of a minute each is down. */
const DIAL = { dialErrorLimit: 3, perDialTimeout: 15 };

/** How a host is reached, over the jump host where there is one. `keyOf` opens a private key; without one it is the ssh-agent's. */
export function wayTo<Key>(host: Host, ssh: SshSettings, keyOf: (key: Secret | undefined) => Key | undefined): Hop<Key> & { proxy?: Hop<Key> } {
  const hop = (at: Pick<Hop<Key>, "host" | "port" | "user" | "hostKey">, secret: Secret | undefined): Hop<Key> => {
    const privateKey = keyOf(secret);
    return { ...at, ...(privateKey === undefined ? {} : { privateKey }), ...DIAL };
  };
  const { address, port, user, hostKey, privateKey } = host;
  const target = hop({ host: address, port, user, hostKey }, privateKey);
  const { bastion } = ssh;
  if (!bastion) return target;
  const proxy = { host: bastion.host, port: bastion.port, user: bastion.user ?? ssh.user, hostKey: bastion.hostKey };
  return { ...target, proxy: hop(proxy, bastion.privateKey ?? ssh.privateKey) };
}
