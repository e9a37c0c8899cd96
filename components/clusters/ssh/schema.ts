import ipaddr from "ipaddr.js";
import * as z from "zod";
import { cidr, dnsLabel, FIX, secret } from "../../core/schema";
import { calendarOf } from "./calendar";

const port = z.number().int().min(1).max(65535);
const user = z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, `is no user name${FIX}write the name the host knows, like root or ops`);

/** An IP address or a DNS name, without port or scheme. */
export const hostAddress = z
  .string()
  .refine(
    (value) => ipaddr.isValid(value) || /^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]*[a-z0-9])?$/i.test(value),
    `is no address of a host${FIX}write an IP address or a name, without scheme, user or port`,
  );

/** A certificate as text. */
export const pem = (what: string) =>
  z
    .string()
    .regex(/^-----BEGIN CERTIFICATE-----\n[\s\S]+-----END CERTIFICATE-----\n*$/, `is no certificate${FIX}paste the PEM text of ${what}, from BEGIN to END`);

/** A public host key as ssh-keyscan and known_hosts write it, without the host in front. */
const hostKey = z
  .string()
  .regex(
    /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+={0,3}( .*)?$/,
    `is no public host key${FIX}paste what "ssh-keyscan -t ed25519 <host>" prints after the host, once you have compared it with /etc/ssh/ssh_host_ed25519_key.pub on the host`,
  );

const privateKey = secret().optional();

const BastionFields = {
  host: hostAddress.describe("Address of the jump host."),
  port: port.default(22).describe("Its SSH port."),
  user: user.optional().describe("User there; the same as on the hosts when left out."),
  hostKey: hostKey.describe("Its public host key; a jump host that shows another one is refused."),
  privateKey: privateKey.describe("Key for it; the one of the hosts when left out."),
};
const Bastion = z.strictObject(BastionFields, {
  error: ({ input }) =>
    Array.isArray(input)
      ? `is a chain of jump hosts, and a connection takes one${FIX}name the last one; let it be reached by a route or tunnel of your own`
      : undefined,
});

/** How the hosts are reached. */
export const SshSettings = z.strictObject({
  user: user.default("root").describe("User on the hosts: root, or one who may use sudo."),
  port: port.default(22).describe("SSH port of the hosts."),
  privateKey: privateKey.describe("Private key, OpenSSH or PEM."),
  sudoPassword: secret().optional().describe("Password for sudo where it asks for one; it travels on standard input."),
  bastion: Bastion.optional().describe("A jump host in front of all hosts; one, no chain of them."),
});
export type SshSettings = z.output<typeof SshSettings>;

const labelName = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** What a node is like. */
const nodeSettings = {
  labels: z
    .record(
      z.string().regex(labelName, `is no name of a label${FIX}write it like example.com/role`),
      z.string().regex(labelValue, `is no value of a label${FIX}use letters, digits, "-", "_" and ".", at most 63`),
    )
    .default({})
    .describe("Labels of the node."),
  taints: z
    .array(z.string().regex(/^[^=:\s]+(=[^=:\s]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$/, `is no taint${FIX}write it like dedicated=gpu:NoSchedule`))
    .default([])
    .describe("Taints of the node, key=value:effect."),
  kubelet: z
    .record(z.string().regex(/^[a-z][a-z0-9-]+$/, `is no flag${FIX}write it as kubelet has it, without dashes in front, like max-pods`), z.string())
    .default({})
    .describe("More flags of the kubelet, by name without dashes in front."),
  size: z
    .strictObject({
      cpus: z.number().positive().describe("Cores."),
      memory: z
        .string()
        .regex(/^\d+(\.\d+)?[MGT]i$/, `is no size of memory${FIX}write it like 16Gi`)
        .describe("Memory, as `free` shows it, like 16Gi."),
    })
    .optional()
    .describe("How large the host is: for the plan, which says whether the platform fits. Nothing on the host changes with it."),
};

/** One host. */
export const HostConfig = z.strictObject({
  host: hostAddress.describe("Its address, as this computer (or the bastion) and the other hosts reach it."),
  addresses: z
    .array(z.string().refine((value) => ipaddr.isValid(value), `is no IP address${FIX}write it without port or mask, like 192.0.2.11`))
    .max(2, `names too many${FIX}name one of IPv4, one of IPv6, or both`)
    .default([])
    .describe("Addresses of the node in the cluster's network, where they are not the one of its default route: one of IPv4, one of IPv6, or both."),
  name: dnsLabel.optional().describe("Name of the node; made from the address when left out. It cannot change later."),
  hostKey: hostKey.describe("Its public host key; a host that shows another one is refused."),
  user: user.optional().describe("User, where it is not that of `ssh`."),
  port: port.optional().describe("SSH port, where it is not that of `ssh`."),
  privateKey: privateKey.describe("Private key, where it is not that of `ssh`."),
  ...nodeSettings,
});
export type HostConfig = z.output<typeof HostConfig>;

const Pool = z.strictObject({
  hosts: z.array(HostConfig).min(1).describe("Hosts of the pool."),
  ...nodeSettings,
});
export type Pool = z.output<typeof Pool>;

/** One network, or one of IPv4 and one of IPv6. */
export const networks = cidr.or(z.array(cidr).length(2, `is no pair${FIX}name one network, or one of IPv4 and one of IPv6`));

/** Flags of a part of Kubernetes. */
export const Flags = z
  .record(z.string().regex(/^[a-z][a-z0-9-]*$/, `is no flag${FIX}write it as Kubernetes has it, without dashes in front, like request-timeout`), z.string())
  .default({});

/** A schedule in cron's form that a timer of systemd can have. */
export const schedule = z
  .string()
  .refine((text) => calendarOf(text) !== undefined, `is no schedule${FIX}write five fields of numbers as cron reads them, like "0 */6 * * *"`)
  .default("0 */6 * * *");

const again = z.string().min(1).max(100).optional();

const kubeconfigAgain = again.describe("Any text, like a date: when it is another one, the administrator's kubeconfig is read anew.");

/** Renewal of what grows old, for kinds that know how: another text than last time asks for it. */
export const Rotation = z
  .strictObject({
    certificates: again.describe("Any text, like a date: when it is another one, each host renews its certificates once, servers first, one at a time."),
    tokens: again.describe("Any text: when it is another one, the cluster gets new tokens to join with. Snapshots of before need the token of before."),
    kubeconfig: kubeconfigAgain,
  })
  .prefault({});
export type Rotation = z.output<typeof Rotation>;

/** The same for kinds where a token lets in one host, and is soon gone. */
export const RotationOfCertificates = z
  .strictObject({
    certificates: again.describe(
      "Any text, like a date: when it is another one, each server renews its certificates once, one at a time. Kubelets see to theirs.",
    ),
    kubeconfig: kubeconfigAgain,
  })
  .prefault({});

/** What every kind of cluster on hosts has in its config. */
export const hostsFields = {
  endpoint: hostAddress.optional().describe("Name or address in front of all servers, for kubectl and for nodes that join; the first server when left out."),
  ssh: SshSettings.prefault({}).describe("How the hosts are reached."),
  servers: z.array(HostConfig).min(1).describe("Hosts of the control plane, with etcd: 1, 3 or 5."),
  agents: z.array(HostConfig).default([]).describe("Hosts that only run pods."),
  pools: z
    .record(dnsLabel, Pool)
    .default({})
    .describe("More agents, in groups that share labels, taints and flags; each node has the label bearstack.dev/pool. What a host says of its own wins."),
  forget: z
    .array(dnsLabel)
    .default([])
    .describe(
      "Names of hosts that are dead and were taken out of the lists: their nodes leave the cluster, and nobody tries to reach them. Take a name out again after the next run.",
    ),
  parallel: z.number().int().positive().max(50).default(10).describe("Agents that are worked on at a time, also in an upgrade."),
};
