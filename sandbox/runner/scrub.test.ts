import { describe, expect, it } from "vitest";
import { secretValue } from "./monitor";
import { scrub } from "./scrub";

const key = "-----BEGIN KEY-----\nplanted-line-of-the-key\n-----END KEY-----\n";
const config = 'receivers:\n  - name: mail\n    auth_password: "planted-password"\n';

describe("scrub", () => {
  it.each([
    ["as it is", "bad: planted-token.", "bad: [secret]."],
    ["encoded", `bad: ${Buffer.from("planted-token").toString("base64")}`, "bad: [secret]"],
    ["several lines, quoted", `Invalid value: ${JSON.stringify(key)}: no label`, 'Invalid value: "[secret]": no label'],
    ["one line of it", "line 2: planted-line-of-the-key", "line 2: [secret]"],
    ["a value in it", "cannot use planted-password here", "cannot use [secret] here"],
  ])("takes a secret out: %s", (_form, text, clean) => {
    expect(scrub(text, { a: secretValue("planted-token"), b: [secretValue({ key, config })], c: "bad" })).toBe(clean);
  });

  it("leaves short ones and what is no secret", () => {
    expect(scrub("no such name", { a: secretValue("no"), b: "name" })).toBe("no such name");
  });
});
