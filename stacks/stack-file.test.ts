import { describe, expect, it } from "vitest";
import { Secret } from "../components/core/secret";
import { parseStackText, securePaths } from "./stack-file";

const read = (text: string) => parseStackText(text, "test", "Pulumi.test.yaml");

describe("parseStackText", () => {
  it("follows YAML anchors as Pulumi does, secrets among them, each under its own path", () => {
    const raw = read("config:\n  bearstack:platform:\n    a: &once { token: { secure: v1:x }, size: 3 }\n    b: *once\n");
    const { b } = raw.values.platform as { b: { token: Secret; size: number } };
    expect(b.size).toBe(3);
    expect(b.token).toBeInstanceOf(Secret);
    expect(securePaths(raw)).toEqual(["bearstack:platform.a.token", "bearstack:platform.b.token"]);
  });

  it("leaves other projects' keys alone", () => {
    expect(read("config:\n  bearstack:cluster: sandbox\n  aws:region: eu-west-1\n").values).toEqual({ cluster: "sandbox" });
  });
});
