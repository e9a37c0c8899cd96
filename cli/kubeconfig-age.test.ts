import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { clusters } from "../components/clusters/registry";
import { agingKubeconfig } from "./kubeconfig-age";

/** A client certificate that ends on 2027-11-27 at 02:12, and in the same file the CA, which ends years later. */
const chain = `-----BEGIN CERTIFICATE-----
MIIBdTCCASegAwIBAgIUNWDxUQXHf7jg/sKOZ19EC/Lx+7kwBQYDK2VwMDAxFzAV
BgNVBAoMDnN5c3RlbTptYXN0ZXJzMRUwEwYDVQQDDAxzeXN0ZW06YWRtaW4wHhcN
MjYxMTI3MDIxMjAwWhcNMjcxMTI3MDIxMjAwWjAwMRcwFQYDVQQKDA5zeXN0ZW06
bWFzdGVyczEVMBMGA1UEAwwMc3lzdGVtOmFkbWluMCowBQYDK2VwAyEAA/tqFaPZ
ydqJsZ4LmGyEbpgRquieP7SC4kKRkTDQyWmjUzBRMB0GA1UdDgQWBBQTdhkeiDOi
fBt4B20hXcSlfWTLVDAfBgNVHSMEGDAWgBQTdhkeiDOifBt4B20hXcSlfWTLVDAP
BgNVHRMBAf8EBTADAQH/MAUGAytlcANBAIk6bqkoB4HCMG5ASp1USE+GCmNaWXCi
KcIQOywzN4svTz5+VGn4Ufz9TNnmDzsAXzI93duzb5AD2P/3ELEo9w0=
-----END CERTIFICATE-----
-----BEGIN CERTIFICATE-----
MIIBLjCB4aADAgECAhQZFUEKUfMXYSQIxKjZi+naESvE6zAFBgMrZXAwDTELMAkG
A1UEAwwCY2EwHhcNMjYxMTI3MDIxMjAwWhcNMzYxMTI0MDIxMjAwWjANMQswCQYD
VQQDDAJjYTAqMAUGAytlcAMhANjcXLi8zYcIfyVHypu5oJjjq7qYKnA8RhIEOYH0
/Qgeo1MwUTAdBgNVHQ4EFgQUVlf71cmF9gcM6P4ykIppK0GfXIcwHwYDVR0jBBgw
FoAUVlf71cmF9gcM6P4ykIppK0GfXIcwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXAD
QQCGLsTsun+ZuWFUQ3xkw+O5KTjvDygM11DzlYFmqK2I1llIf2eitkNalfmOhVeY
SZuYzGd9J05ERQWOAwzG5goD
-----END CERTIFICATE-----
`;

describe("a kubeconfig that grows old", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "bear-age-"));
    writeFileSync(join(folder, "client.crt"), chain);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Logs in by `user` in the current context; another context has a certificate that would be read instead. */
  const kubeconfig = (user: object): string => {
    const path = join(folder, "kubeconfig");
    const users = [
      { name: "other", user: { "client-certificate": "client.crt" } },
      { name: "admin", user },
    ];
    const contexts = users.map(({ name }) => ({ name, context: { cluster: "one", user: name } }));
    writeFileSync(path, stringify({ contexts, users, "current-context": "admin" }));
    return path;
  };
  const embedded = { "client-certificate-data": Buffer.from(chain).toString("base64") };
  const at = (time: string, user: object = embedded, kind = "k3s"): Promise<Error | undefined> => agingKubeconfig(kind, kubeconfig(user), new Date(time));

  it.each([
    ["2027-10-28T02:11:00Z", undefined],
    ["2027-10-28T02:13:00Z", "ends on 2027-11-27, in 29 days."],
    ["2027-11-25T12:00:00Z", "ends on 2027-11-27, in 1 day."],
    ["2027-11-26T12:00:00Z", "ends on 2027-11-27, within a day."],
    ["2027-11-27T02:13:00Z", "ended on 2027-11-27."],
  ])("at %s: %s", async (time, text) => {
    const found = await at(time);
    expect(found?.message.split("\n")[0]).toBe(text && `The client certificate in the administrator's kubeconfig ${text}`);
  });

  it("reads a certificate of a file beside the kubeconfig", async () => {
    expect((await at("2027-11-01T00:00:00Z", { "client-certificate": "client.crt" }))?.message).toContain("2027-11-27");
  });

  it.each([
    ["a token", { token: "canary" }],
    ["no certificate at all", { "client-certificate-data": Buffer.from("canary").toString("base64") }],
    ["a file that is not there", { "client-certificate": "gone.crt" }],
  ])("says nothing of %s", async (_, user) => {
    expect(await at("2027-11-27T00:00:00Z", user)).toBeUndefined();
  });

  it("says how each kind gets another one, and nothing where it gets one by itself", async () => {
    const fixes = await Promise.all(
      Object.keys(clusters).map(async (kind) => [kind, (await at("2027-11-01T00:00:00Z", embedded, kind))?.message.split("→ ")[1]]),
    );
    expect(Object.fromEntries(fixes)).toEqual({
      existing: expect.stringContaining("bearstack:cluster.existing"),
      k3s: expect.stringMatching(/^rotation: \{ kubeconfig: <another text> \}.*certificates/),
      k0s: expect.stringContaining("--replace '**::kubeconfig'"),
      kubeadm: expect.stringMatching(/^rotation: \{ kubeconfig: <another text> \}.*certificates/),
      gardener: undefined,
      sandbox: undefined,
    });
  });
});
