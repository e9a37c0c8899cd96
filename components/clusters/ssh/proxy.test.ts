import { describe, expect, it } from "vitest";
import { Secret } from "../../core/secret";
import { Proxy, proxyName, proxySecrets, proxySettings } from "./proxy";

const cluster = { network: { pods: "10.42.0.0/16", services: "10.43.0.0/16" }, clusterDomain: "cluster.local", endpoint: "k8s.example.com" };
const hosts = [{ address: "192.0.2.11" }, { address: "192.0.2.12" }, { address: "2001:db8::5" }, { address: "web1.corp.example" }];

describe("a proxy of hosts", () => {
  it("is a setting, or a secret where it has a password, and leads nowhere inside", () => {
    const secret = new Secret("proxy.https");
    const proxy = Proxy.parse({ http: "http://proxy.example.com:3128", https: secret, no: [".example.com", "localhost"] });
    expect(proxySettings({ ...cluster, proxy }, hosts)).toEqual({
      PROXY_HTTP: "http://proxy.example.com:3128",
      PROXY_HTTPS: "",
      PROXY_NO:
        "localhost,127.0.0.0/8,127.0.0.1,::1,10.42.0.0/16,10.43.0.0/16,.svc,.cluster.local,k8s.example.com,192.0.2.0/24,2001:db8::/64,.corp.example,.example.com",
    });
    expect(proxySecrets(proxy)).toEqual({ PROXY_HTTPS: secret });
    expect([proxySettings(cluster, hosts), proxySecrets(undefined)]).toEqual([{}, {}]);
  });

  it("has a name to look up unless it is secret or an address", () => {
    const name = (https: unknown) => proxyName(Proxy.parse({ https }));
    expect([name("http://proxy.example.com:3128"), name("http://192.0.2.3:3128"), name("http://[2001:db8::3]:3128"), name(new Secret("x"))]).toEqual([
      "proxy.example.com",
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("has no password in clear", () => {
    expect(Proxy.safeParse({ https: "http://me:word@proxy.example.com" }).success).toBe(false);
  });
});
