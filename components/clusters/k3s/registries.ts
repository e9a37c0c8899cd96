import { all, type Output } from "@pulumi/pulumi";
import { stringify } from "yaml";
import type { Secret } from "../../core/secret";
import { secretOutput } from "../../core/secret-output";
import type { Registries } from "./fields";

type Access = Registries["access"][string];

/** Where options.sh puts the certificates of registries' CAs. */
const FOLDER = "/etc/rancher/k3s/registries";

/** Name of a file for a registry such as registry.example.com:5000 or *. */
const fileOf = (registry: string): string => `${registry === "*" ? "all" : registry.replaceAll(/[^a-z0-9.-]/gi, "_")}.crt`;

const yaml = (value: object): string => stringify(value, { lineWidth: 0 }).trimEnd();

/** The part of registries.yaml that anybody may read (docs.k3s.io, Private Registry Configuration). */
export function mirrorsOf({ mirrors }: Registries): string {
  const entries = Object.entries(mirrors).map(([name, { endpoints, rewrites }]) => [
    name,
    { endpoint: endpoints, ...(Object.keys(rewrites).length > 0 ? { rewrite: rewrites } : {}) },
  ]);
  return entries.length === 0 ? "" : yaml({ mirrors: Object.fromEntries(entries) });
}

/** Certificates as lines "<file> <base64>". */
export const authoritiesOf = ({ access }: Registries): string =>
  Object.entries(access)
    .flatMap(([name, { ca }]) => (ca === undefined ? [] : [`${fileOf(name)} ${Buffer.from(ca).toString("base64")}`]))
    .join("\n");

/** The part of registries.yaml with passwords; undefined where nobody needs one. */
export function accessOf({ access }: Registries): Output<string> | undefined {
  if (Object.keys(access).length === 0) return undefined;
  const known = (value: Secret | undefined): Output<string> | undefined => (value ? secretOutput(value) : undefined);
  const entry = ([name, { username, password, token, ca, insecure }]: [string, Access]): [string, object] => [
    name,
    {
      ...(username !== undefined || token ? { auth: { username, password: known(password), identity_token: known(token) } } : {}),
      ...(ca !== undefined || insecure
        ? { tls: { ...(ca === undefined ? {} : { ca_file: `${FOLDER}/${fileOf(name)}` }), ...(insecure ? { insecure_skip_verify: true } : {}) } }
        : {}),
    },
  ];
  return all(Object.fromEntries(Object.entries(access).map(entry))).apply((configs) => yaml({ configs: JSON.parse(JSON.stringify(configs)) as object }));
}
