import * as z from "zod";
import { FIX, secret } from "../../core/schema";
import { pem } from "../ssh/schema";

/** Where servers keep what they show to an etcd that is not theirs. */
const FOLDER = "/etc/kubernetes/datastore";

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

/** For kubeadm's ClusterConfiguration; nothing where etcd is on the servers. */
export const etcdConfig = (datastore: Datastore | undefined): object =>
  datastore
    ? {
        etcd: {
          external: {
            endpoints: datastore.external.endpoints,
            caFile: `${FOLDER}/ca.crt`,
            certFile: `${FOLDER}/client.crt`,
            keyFile: `${FOLDER}/client.key`,
          },
        },
      }
    : {};

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
