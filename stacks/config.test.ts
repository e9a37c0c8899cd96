import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { Secret } from "../components/core/secret";
import { wrapSecrets } from "./config";
import { parseStackText, securePaths } from "./stack-file";

const file = `config:
  bearstack:platform:
    dns: { external-dns: { provider: cloudflare, apiToken: { secure: v1:abc } } }
    keys: [ { name: a, "value.with.dots": { secure: v1:def } } ]
  other:thing: 1
`;

describe("wrapSecrets", () => {
  it("wraps exactly the leaves that are secure in the file, inside lists and under keys with dots too", () => {
    const raw = parseStackText(file, "dev", "Pulumi.dev.yaml");
    expect(securePaths(raw)).toEqual(["bearstack:platform.dns.external-dns.apiToken", "bearstack:platform.keys[0].value.with.dots"]);
    const clear = {
      platform: { dns: { "external-dns": { provider: "cloudflare", apiToken: "canary-1" } }, keys: [{ name: "a", "value.with.dots": "canary-2" }] },
    };
    const wrapped = wrapSecrets(clear, raw.values) as typeof clear;
    const [token, key] = [wrapped.platform.dns["external-dns"].apiToken as unknown, wrapped.platform.keys[0]!["value.with.dots"] as unknown];
    expect(token).toBeInstanceOf(Secret);
    expect((token as Secret).reveal()).toBe("canary-1");
    expect((key as Secret).reveal()).toBe("canary-2");
    expect(wrapped.platform.dns["external-dns"].provider).toBe("cloudflare");
    expect(`${JSON.stringify(wrapped)} ${inspect(wrapped, { depth: 9 })} ${String(token)}`).not.toContain("canary");
  });

  it("leaves out keys of other packages", () => {
    expect(Object.keys(parseStackText(file, "dev", "Pulumi.dev.yaml").values)).toEqual(["platform"]);
  });
});
