import { all, type Output } from "@pulumi/pulumi";
import { secretOutput } from "../../core/secret-output";
import type { Registries } from "./registries";

/** A registry's folder in containerd's tree (github.com/containerd/containerd, docs/hosts.md). */
const folderOf = (registry: string): string => (registry === "*" ? "_default" : registry.replace(/:(\d+)$/, "_$1_"));

/** The host that is asked for images of a registry. */
const hostOf = (registry: string): string => (registry === "docker.io" ? "registry-1.docker.io" : registry);

function addressIn(url: string): { host: string; path: string } {
  const [, host = "", path = ""] = /^https?:\/\/([^/]+)(.*)$/.exec(url)!;
  return { host, path };
}

/** A string of TOML; JSON has the same but for one character. */
const text = (value: string): string => JSON.stringify(value).replaceAll("\u007f", "\\u007f");

/** What containerd is told about a mirror or registry. A path is taken for the whole address of its API, as k3s does. */
function settingsOf(url: string, isMirror: boolean, { access }: Registries): string[] {
  const { host, path } = addressIn(url);
  const [registry, given] = Object.entries(access).find(([name]) => hostOf(name) === host) ?? [];
  return [
    ...(isMirror ? [`capabilities = ["pull", "resolve"]`] : []),
    ...(/^(\/+|(.*\/)?v2\/*)?$/.test(path) ? [] : ["override_path = true"]),
    // Beside the file, since each registry with a certificate has a folder.
    ...(given?.ca === undefined ? [] : [`ca = ${text(`../${folderOf(registry!)}/ca.crt`)}`]),
    ...(given?.insecure ? ["skip_verify = true"] : []),
  ];
}

/** hosts.toml of a registry. Where only mirrors may be asked the last of them takes the place of the registry itself. */
function hostsToml(registry: string, given: Registries): string {
  // The mirror for all others is none of itself.
  const others = given.mirrors["*"]?.endpoints.filter((url) => addressIn(url).host !== registry);
  const mirrors = given.mirrors[registry]?.endpoints ?? others ?? [];
  const isMirrored = given.mirrorsOnly && mirrors.length > 0;
  const server = isMirrored ? mirrors.at(-1) : registry === "*" ? undefined : `https://${hostOf(registry)}`;
  const root = server === undefined ? [] : [`server = ${text(server)}`, ...settingsOf(server, isMirrored, given)];
  const hosts = (isMirrored ? mirrors.slice(0, -1) : mirrors).map((url) => [`[host.${text(url)}]`, ...settingsOf(url, true, given).map((line) => `  ${line}`)]);
  return [root, ...hosts]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}

/** Files of containerd's tree, as lines "<path> <base64>". A registry with a folder is not looked for in that of all others. */
export function registryFiles(given: Registries): string {
  const trusted = Object.entries(given.access).filter(([, { ca, insecure }]) => ca !== undefined || insecure);
  const hosts = new Set([...Object.keys(given.mirrors), ...trusted.map(([name]) => name)]);
  const files = [
    ...trusted.flatMap(([name, { ca }]) => (ca === undefined ? [] : [[`${folderOf(name)}/ca.crt`, ca] as const])),
    ...[...hosts].map((name) => [`${folderOf(name)}/hosts.toml`, hostsToml(name, given)] as const),
  ];
  return files.map(([path, content]) => `${path} ${Buffer.from(content).toString("base64")}`).join("\n");
}

/** Who signs in where, as tables of containerd's config, whose first names the host puts there; undefined where nobody does. */
export function registryAccess({ access }: Registries): Output<string> | undefined {
  const entries = Object.entries(access).flatMap(([name, { username, password, token }]) => {
    const word = password ?? token;
    return word ? [{ name: hostOf(name), username, word: secretOutput(word) }] : [];
  });
  if (entries.length === 0) return undefined;
  return all(entries).apply((known) =>
    known
      .map(({ name, username, word }) => {
        const lines = username === undefined ? [`identitytoken = ${text(word)}`] : [`username = ${text(username)}`, `password = ${text(word)}`];
        return [`[configs.${text(name)}.auth]`, ...lines.map((line) => `  ${line}`)].join("\n");
      })
      .join("\n"),
  );
}
