import type { Output } from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { Secret } from "../../core/secret";
import { Registries } from "./registries";
import { registryAccess, registryFiles } from "./registry-hosts";

const ca = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const secret = (value: string): Secret => new Secret("registries", () => value);

/** Files of the tree by their paths. */
function tree(given: object): Record<string, string> {
  const lines = registryFiles(Registries.parse(given)).split("\n").filter(Boolean);
  return Object.fromEntries(lines.map((line) => line.split(" ")).map(([path, text]) => [path, Buffer.from(text!, "base64").toString()]));
}

describe("registries of containerd", () => {
  it("asks mirrors in their order, then the registry itself", () => {
    expect(tree({ mirrors: { "docker.io": { endpoints: ["https://one.example.com", "http://two.example.com:5000/v2/"] } } })).toEqual({
      "docker.io/hosts.toml": `server = "https://registry-1.docker.io"

[host."https://one.example.com"]
  capabilities = ["pull", "resolve"]

[host."http://two.example.com:5000/v2/"]
  capabilities = ["pull", "resolve"]`,
    });
  });

  it("takes the path of a mirror for the address of its API, and has a folder for all others", () => {
    expect(tree({ mirrors: { "*": { endpoints: ["https://harbor.example.com/v2/hub"] } } })).toEqual({
      "_default/hosts.toml": `[host."https://harbor.example.com/v2/hub"]\n  capabilities = ["pull", "resolve"]\n  override_path = true`,
    });
  });

  it("asks nobody but mirrors where it is told so, but registries without a mirror", () => {
    const mirrors = { "docker.io": { endpoints: ["https://one.example.com", "https://two.example.com/hub"] } };
    expect(tree({ mirrors, mirrorsOnly: true, access: { "registry.example.com": { insecure: true } } })).toEqual({
      "docker.io/hosts.toml": `server = "https://two.example.com/hub"
capabilities = ["pull", "resolve"]
override_path = true

[host."https://one.example.com"]
  capabilities = ["pull", "resolve"]`,
      "registry.example.com/hosts.toml": `server = "https://registry.example.com"\nskip_verify = true`,
    });
  });

  it("trusts a registry for itself and as a mirror, which for itself it is not", () => {
    const given = { mirrors: { "*": { endpoints: ["https://registry.example.com:5000"] } }, access: { "registry.example.com:5000": { ca } } };
    expect(tree(given)).toEqual({
      "registry.example.com_5000_/ca.crt": ca,
      "registry.example.com_5000_/hosts.toml": `server = "https://registry.example.com:5000"\nca = "../registry.example.com_5000_/ca.crt"`,
      "_default/hosts.toml": `[host."https://registry.example.com:5000"]\n  capabilities = ["pull", "resolve"]\n  ca = "../registry.example.com_5000_/ca.crt"`,
    });
  });

  it("gives a registry with a folder of its own the mirrors of all others", () => {
    const given = { mirrors: { "*": { endpoints: ["https://mirror.example.com"] } }, access: { "docker.io": { ca } } };
    expect(tree(given)["docker.io/hosts.toml"]).toBe(
      `server = "https://registry-1.docker.io"\nca = "../docker.io/ca.crt"\n\n[host."https://mirror.example.com"]\n  capabilities = ["pull", "resolve"]`,
    );
  });

  it("has passwords and tokens apart from that, by the host that asks for them", async () => {
    const given = Registries.parse({
      access: {
        "docker.io": { username: "pull", password: secret('a"\\$\n\u007fé') },
        "other.example.com:5000": { token: secret("identity") },
        "open.example.com": { ca },
      },
    });
    expect(registryFiles(given)).not.toMatch(/identity|aWRlbnRpdHk/);
    const promised = (output: Output<string>): Promise<string> => new Promise((done) => output.apply(done));
    expect(await promised(registryAccess(given)!)).toBe(
      `[configs."registry-1.docker.io".auth]
  username = "pull"
  password = "a\\"\\\\$\\n\\u007fé"
[configs."other.example.com:5000".auth]
  identitytoken = "identity"`,
    );
    expect(registryAccess(Registries.parse({ access: { "open.example.com": { ca } } }))).toBeUndefined();
  });

  it.each([
    ["access for all", { access: { "*": { insecure: true } } }],
    ["other names of images", { mirrors: { "docker.io": { endpoints: ["https://one.example.com"], rewrites: { a: "b" } } } }],
    ["a password in an address", { mirrors: { "docker.io": { endpoints: ["https://me:word@one.example.com"] } } }],
  ])("has no %s", (_what, given) => expect(Registries.safeParse(given).success).toBe(false));
});
