import { bucketAccess, type CloudAccess } from "../../core/access";
import type { LokiConfig } from "./schema";

export const lokiAccess = ({ objects, retention }: LokiConfig): CloudAccess[] =>
  bucketAccess(objects ?? {}, { addon: "loki", why: "keeps logs in its bucket", googleS3: "https://storage.googleapis.com", keeps: retention });
