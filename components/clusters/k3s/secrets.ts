import { all, type Output } from "@pulumi/pulumi";
import { stringify } from "yaml";
import type { Secret } from "../../core/secret";
import { secretOutput } from "../../core/secret-output";
import type { Host } from "../ssh/hosts";
import { proxyOutputs } from "../ssh/containerd";
import { accessOf } from "./registries";
import type { K3sConfig } from "./schema";

/** YAML of an object some of whose values are secrets. */
function yaml(values: Readonly<Record<string, Secret>>): Output<string> {
  const given = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, secretOutput(value)]));
  return all(given).apply((known) => stringify(known, { lineWidth: 0 }).trimEnd());
}

/** What a host gets on standard input besides tokens, by name: secrets of the config, and files that hold some. */
export function configSecrets(host: Host, { datastore, proxy, registries, snapshots }: K3sConfig): Record<string, Output<string>> {
  const access = registries && accessOf(registries);
  const both = { ...(access ? { REGISTRIES: access } : {}), ...proxyOutputs(proxy) };
  if (host.role === "agent") return both;
  const external = datastore?.external;
  const { s3 } = snapshots;
  return {
    ...both,
    ...(external ? { CONFIG: yaml({ "datastore-endpoint": external.endpoint }) } : {}),
    ...(!external && s3 ? { CONFIG: yaml({ "etcd-s3-access-key": s3.accessKey, "etcd-s3-secret-key": s3.secretKey }) } : {}),
    ...(external?.key ? { DATASTORE_KEY: secretOutput(external.key) } : {}),
  };
}
