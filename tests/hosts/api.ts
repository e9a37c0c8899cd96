import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { parse } from "yaml";

export interface ApiRelay {
  close(): Promise<void>;
}

/**
 * Gives the hosts a way to the API of a sandbox, which listens on this computer's loopback only: a unix socket in the folder
 * they share, and the administrator's credentials, which the stand-in of a k3s server uses and hands to nobody.
 */
export async function relayApi(shared: string, kubeconfig: string): Promise<ApiRelay> {
  const config = parse(readFileSync(kubeconfig, "utf8")) as {
    clusters: { cluster: { server: string; "certificate-authority-data": string } }[];
    users: { user: { "client-certificate-data": string; "client-key-data": string } }[];
  };
  const { server, "certificate-authority-data": ca } = config.clusters[0]!.cluster;
  const { "client-certificate-data": cert, "client-key-data": key } = config.users[0]!.user;
  mkdirSync(shared, { recursive: true });
  writeFileSync(join(shared, "api.json"), JSON.stringify({ ca, cert, key }), { mode: 0o600 });
  const { hostname, port } = new URL(server);
  const open = new Set<Socket>();
  const relay = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => (open.delete(one), other.destroy()));
    }
  });
  await new Promise<void>((done, refuse) => {
    relay.once("error", refuse);
    relay.listen(join(shared, "api.sock"), done);
  });
  return {
    close: () =>
      new Promise((done) => {
        relay.close(() => done());
        for (const socket of open) socket.destroy();
      }),
  };
}
