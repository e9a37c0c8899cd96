import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/**
 * Gives the hosts a way to the API of a sandbox, which listens on this computer's loopback only: a unix socket in the folder
 * they share, and the administrator's credentials, which the stand-in of a k3s server uses and hands to nobody. A process of
 * its own, so that a test may wait for a program that needs it; it ends with this one.
 */
export async function relayApi(shared: string, kubeconfig: string): Promise<ChildProcess> {
  const config = parse(readFileSync(kubeconfig, "utf8")) as {
    clusters: { cluster: { server: string; "certificate-authority-data": string } }[];
    users: { user: { "client-certificate-data": string; "client-key-data": string } }[];
  };
  const { server, "certificate-authority-data": ca } = config.clusters[0]!.cluster;
  const { "client-certificate-data": cert, "client-key-data": key } = config.users[0]!.user;
  writeFileSync(join(shared, "api.json"), JSON.stringify({ ca, cert, key }), { mode: 0o600 });
  const { hostname, port } = new URL(server);
  const program = [process.execPath, join(__dirname, "stand-ins", "relay.cjs"), join(shared, "api.sock"), hostname, port];
  const relay = spawn("setpriv", ["--pdeathsig", "KILL", ...program], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((done, refuse) => {
    relay.stdout.once("data", () => done());
    relay.once("error", refuse);
    relay.once("exit", (code) => refuse(new Error(`the relay to the sandbox ended (${code})`)));
  });
  return relay;
}
