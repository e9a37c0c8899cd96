import { Secret } from "@pulumi/kubernetes/core/v1";
import type { Resource } from "@pulumi/pulumi";
import type { CreateContext, Created } from "../../core/addon";
import { secretOutput } from "../../core/secret-output";
import { ownLabels } from "../../security/labels";
import type { LokiConfig } from "./schema";
import { KEY_NAMES, OBJECTS_SECRET } from "./values";

/** Installs Loki; keys of the object storage go into a Secret of ours, never into Helm values. */
export function create(context: CreateContext<LokiConfig>): Created<"logs"> {
  const { config, scope, opts } = context;
  const { accessKey, secretKey } = config.objects?.s3 ?? {};
  const dependsOn: Resource[] = [];
  if (accessKey && secretKey) {
    const [id, key] = KEY_NAMES;
    dependsOn.push(
      new Secret(
        OBJECTS_SECRET,
        {
          metadata: { name: OBJECTS_SECRET, namespace: scope.namespace, labels: ownLabels },
          type: "Opaque",
          stringData: { [id]: secretOutput(accessKey), [key]: secretOutput(secretKey) },
        },
        opts,
      ),
    );
  }
  context.release("loki", { dependsOn });
  return {};
}
