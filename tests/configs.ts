import { Secret } from "../components/core/secret";
import { addons } from "../components/addons/registry";
import { isBuiltin, slotNames, slotSpec, type Slot } from "../components/core/slots";
import { checkStackOrThrow, type CheckedStack } from "../stacks/check";
import type { RawStack } from "../stacks/stack-file";

/** The clusters that are built, as small as they can be without a warning; kubeadm, which brings neither network nor storage, never is. */
export const clusterConfigs: Readonly<Record<string, unknown>> = {
  sandbox: {},
  eks: { region: "eu-west-1", admins: ["arn:aws:iam::123456789012:role/deploy"], endpoint: { publicAccessCidrs: ["192.0.2.0/24"] } },
  existing: { kubeconfig: "~/.kube/config", context: "test", networkPolicies: true, nodes: 3 },
  reference: { stack: "acme/cluster/prod", networkPolicies: true, nodes: 3 },
  k3s: {
    ssh: { privateKey: new Secret("bearstack:cluster.k3s.ssh.privateKey", () => "key") },
    servers: [{ host: "192.0.2.11", hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDemoDemoDemoDemoDemoDemoDemoDemoDemoDemoDemo" }],
  },
  gardener: {
    kubeconfig: "garden.yaml",
    project: "acme",
    cloudProfile: "openstack",
    region: "eu-1",
    credentials: "cloud",
    workers: [{ name: "main", machine: "m2.large" }],
  },
  gke: { project: "acme-prod", region: "europe-west1" },
};

/** How traffic comes in where the default, a load balancer, is not there. */
const wayIn: Readonly<Record<string, string>> = { k3s: "hostport" };

export interface Choice {
  slot: Slot;
  choice: string;
}

/** Every choice that is built, slot by slot; `existing` is none. */
export const choices: readonly Choice[] = slotNames.flatMap((slot) =>
  slotSpec(slot)
    .choices.filter((choice) => isBuiltin(slot, choice) || addons[choice]?.slots.includes(slot))
    .map((choice) => ({ slot, choice })),
);

/** What a choice cannot do without: its rule or its needs say so. */
const companions: Readonly<Record<string, readonly Choice[]>> = {
  envoy: [{ slot: "ingress", choice: "traefik" }],
  "opentelemetry-collector": [{ slot: "traces", choice: "tempo" }],
};

/** A stack with all slots at their defaults but those named; a domain is there because an ingress asks for one. */
export function raw(cluster: string, chosen: readonly Choice[], more: Record<string, unknown> = {}): RawStack {
  const needed = chosen.flatMap(({ choice }) => companions[choice] ?? []);
  const named = Object.fromEntries([...needed, ...chosen].map(({ slot, choice }) => [slot, choice]));
  const asksForWay = named.ingress !== undefined && named.ingress !== "none" && wayIn[cluster] !== undefined;
  const slots = asksForWay ? { exposure: wayIn[cluster], ...named } : named;
  return {
    stack: "test",
    source: "Pulumi.test.yaml",
    values: { cluster: { [cluster]: clusterConfigs[cluster] }, platform: { domain: "example.com", ...slots }, ...more },
  };
}

export function checked(cluster: string, chosen: readonly Choice[], more?: Record<string, unknown>): CheckedStack {
  return checkStackOrThrow(raw(cluster, chosen, more));
}

/** One built choice per slot, the first that is no built-in where there is one. */
export const full: readonly Choice[] = slotNames.flatMap((slot) => choices.filter((one) => one.slot === slot && !isBuiltin(slot, one.choice)).slice(0, 1));
