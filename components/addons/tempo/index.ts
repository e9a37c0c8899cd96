import { Secret } from "@pulumi/kubernetes/core/v1";
import type { CreateContext, Created } from "../../core/addon";
import { secretOutput } from "../../core/secret-output";
import { ownLabels } from "../../security/labels";
import type { TempoConfig } from "./schema";
import { OBJECTS_SECRET } from "./values";

/** Installs Tempo; keys of the bucket go into a Secret of ours that is there before the pod wants it. */
export function create(context: CreateContext<TempoConfig>): Created<"traces"> {
  const { config, scope, opts } = context;
  const { accessKey, secretKey } = config.objects?.s3 ?? {};
  const keys =
    accessKey && secretKey
      ? new Secret(
          OBJECTS_SECRET,
          {
            metadata: { name: OBJECTS_SECRET, namespace: scope.namespace, labels: ownLabels },
            type: "Opaque",
            stringData: { accessKey: secretOutput(accessKey), secretKey: secretOutput(secretKey) },
          },
          opts,
        )
      : undefined;
  context.release("tempo", keys ? { dependsOn: [keys] } : {});
  return {};
}
