import type { AccessNeed, CloudAccess } from "../../core/access";
import type { LokiConfig } from "./schema";

/** A bucket of AWS without keys, and any of Google Cloud, is reached by the pod's identity; who names another endpoint has keys. */
export function lokiAccess({ objects }: LokiConfig): CloudAccess[] {
  const { s3, gcs } = objects ?? {};
  if (gcs)
    return [
      access(
        { cloud: "gcp", kind: "bucket", bucket: gcs.bucket, write: true },
        "objects.gcs",
        "use objects.s3 with the endpoint https://storage.googleapis.com and an HMAC key",
      ),
    ];
  const withKeys = s3?.endpoint !== undefined || s3?.accessKey !== undefined || s3?.existingSecret !== undefined;
  if (!s3 || withKeys) return [];
  return [access({ cloud: "aws", kind: "bucket", bucket: s3.bucket, write: true }, "objects.s3", "give accessKey and secretKey, or existingSecret")];
}

const access = (need: AccessNeed, at: string, instead: string): CloudAccess => ({
  serviceAccount: "loki",
  annotations: ["serviceAccount", "annotations"],
  why: "keeps logs in its bucket",
  needs: [need],
  at,
  instead,
});
