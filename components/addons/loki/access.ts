import type { CloudAccess } from "../../core/access";
import type { LokiConfig } from "./schema";

/** A bucket of AWS without keys is reached by the pod's identity; whoever names another endpoint has keys or knows what they do. */
export function lokiAccess({ objects }: LokiConfig): CloudAccess[] {
  const s3 = objects?.s3;
  if (!s3 || s3.endpoint !== undefined || s3.accessKey !== undefined || s3.existingSecret !== undefined) return [];
  return [
    {
      serviceAccount: "loki",
      annotations: ["serviceAccount", "annotations"],
      why: "keeps logs in its bucket",
      needs: [{ cloud: "aws", kind: "bucket", bucket: s3.bucket, write: true }],
      at: "objects.s3",
      keys: "accessKey and secretKey, or existingSecret",
    },
  ];
}
