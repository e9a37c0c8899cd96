import * as z from "zod";
import { FIX, secret } from "../../core/schema";
import type { Work } from "./command";
import { pem } from "./schema";

const External = z.strictObject({
  endpoints: z
    .array(z.string().regex(/^https:\/\/[^\s/@]+:\d+$/, `is no address of etcd${FIX}write it with https:// and its port, like https://192.0.2.31:2379`))
    .min(1, `is empty${FIX}name a member of etcd`)
    .describe("Addresses of its members, like https://192.0.2.31:2379."),
  ca: pem("the CA").describe("Certificate of the CA that its members show, PEM."),
  certificate: pem("the client").describe("Certificate that the servers show to it, PEM."),
  key: secret().describe("Its private key, PEM."),
});

/** Where a cluster keeps its state. */
export const Datastore = z.strictObject({
  external: External.describe("An etcd that is there already. All servers share it, and any number of them will do. It holds no other cluster."),
});
export type Datastore = z.output<typeof Datastore>;

/** Where datastore.sh puts what servers show to an etcd that is not theirs. */
export const datastoreFiles = (folder: string) => ({ ca: `${folder}/ca.crt`, certificate: `${folder}/client.crt`, key: `${folder}/client.key` });

/** For scripts on servers: they ask etcd for its members unless they are told that none is here. */
export const datastoreSettings = (datastore: Datastore | undefined): Record<string, string> =>
  datastore
    ? {
        DATASTORE: "external",
        DATASTORE_ENDPOINTS: datastore.external.endpoints.join(" "),
        DATASTORE_CA: datastore.external.ca.trimEnd(),
        DATASTORE_CERT: datastore.external.certificate.trimEnd(),
      }
    : {};

/** A drain: neither the quorum nor a member of etcd is a question where there is none. */
export const drainWith = (datastore: Datastore | undefined, work: Work): Work =>
  datastore ? { ...work, settings: { ...work.settings, DATASTORE: "external" } } : work;
