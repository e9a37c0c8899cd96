import type { Output } from "@pulumi/pulumi";
import { secretOutput } from "../../core/secret-output";
import type { Datastore } from "./datastore";

/** What servers get on standard input to reach an etcd that is not theirs. Apart from the schema, which is read without Pulumi's SDK. */
export const datastoreSecrets = (datastore: Datastore | undefined): Record<string, Output<string>> =>
  datastore ? { DATASTORE_KEY: secretOutput(datastore.external.key) } : {};
