import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { clusters } from "../components/clusters/registry";
import { UserError } from "../components/core/errors";

interface User {
  "client-certificate"?: string;
  "client-certificate-data"?: string;
}

interface Kubeconfig {
  contexts?: { name: string; context: { user: string } }[];
  users?: { name: string; user: User }[];
  "current-context"?: string;
}

const DAY = 24 * 3600 * 1000;
/** Long enough to see it in a monthly look. */
const SOON_DAYS = 30;

/**
 * Says that the client certificate of a kubeconfig ends soon, or has ended; undefined where it does not, or where the kind gets a
 * credential anew by itself.
 */
export async function agingKubeconfig(kind: string, path: string, now: Date): Promise<UserError | undefined> {
  const renew = clusters[kind]?.renewKubeconfig;
  const end = renew === undefined ? undefined : await endOf(path);
  if (renew === undefined || end === undefined) return undefined;
  const left = Math.floor((end.getTime() - now.getTime()) / DAY);
  if (left >= SOON_DAYS) return undefined;
  const date = end.toISOString().slice(0, 10);
  const when = left < 0 ? `ended on ${date}` : `ends on ${date}, ${left === 0 ? "within a day" : `in ${left} ${left === 1 ? "day" : "days"}`}`;
  return new UserError(`The client certificate in the administrator's kubeconfig ${when}.`, renew);
}

/** When the certificate ends by which the current context logs in; undefined where it logs in by something else. */
async function endOf(path: string): Promise<Date | undefined> {
  const { contexts, users, "current-context": current } = parse(await readFile(path, "utf8")) as Kubeconfig;
  const name = contexts?.find((entry) => entry.name === current)?.context.user;
  const user = users?.find((entry) => entry.name === name)?.user;
  const { "client-certificate-data": data, "client-certificate": file } = user ?? {};
  if (data === undefined && file === undefined) return undefined;
  try {
    // Of a chain the first one counts, and that is the one read.
    const certificate = data === undefined ? await readFile(resolve(dirname(path), file!)) : Buffer.from(data, "base64");
    return new Date(new X509Certificate(certificate).validTo);
  } catch {
    return undefined; // whoever uses it next says what is wrong with it
  }
}
