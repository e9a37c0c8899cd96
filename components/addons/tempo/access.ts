import { bucketAccess, type CloudAccess } from "../../core/access";
import type { TempoConfig } from "./schema";

export const tempoAccess = ({ objects, retention }: TempoConfig): CloudAccess[] =>
  bucketAccess(objects ?? {}, { addon: "tempo", why: "keeps traces in its bucket", googleS3: "storage.googleapis.com", look: true, keeps: retention });
