import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Pair {
  cert: string;
  key: string;
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key"];

function inFolder(work: (openssl: (...args: string[]) => void, folder: string) => void): Pair {
  const folder = mkdtempSync(join(tmpdir(), "bear-pki-"));
  try {
    work((...args) => void execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] }), folder);
    return { cert: readFileSync(join(folder, "cert"), "utf8"), key: readFileSync(join(folder, "key"), "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const makeCa = (name: string): Pair => inFolder((openssl) => openssl("req", "-x509", ...newKey, "-out", "cert", "-days", "2", "-subj", `/CN=${name}`));

/** For a server on this computer, or for a client of that name. */
export function makeCert(ca: Pair, name: string, use: "server" | "client"): Pair {
  return inFolder((openssl, folder) => {
    writeFileSync(join(folder, "ca"), ca.cert);
    writeFileSync(join(folder, "ca-key"), ca.key);
    writeFileSync(
      join(folder, "extensions"),
      use === "server" ? "extendedKeyUsage=serverAuth\nsubjectAltName=IP:127.0.0.1\n" : "extendedKeyUsage=clientAuth\n",
    );
    openssl("req", "-new", ...newKey, "-out", "request", "-subj", `/CN=${name}`);
    const serial = `0x${randomBytes(8).toString("hex")}`;
    openssl(..."x509 -req -in request -CA ca -CAkey ca-key -days 2 -extfile extensions -out cert -set_serial".split(" "), serial);
  });
}
