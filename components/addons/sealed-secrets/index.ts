import { Secret } from "@pulumi/kubernetes/core/v1";
import type { CreateContext, Created } from "../../core/addon";
import { secretOutput } from "../../core/secret-output";
import { ownLabels } from "../../security/labels";
import type { SealedSecretsConfig } from "./schema";

/** Installs the controller; a sealing key of the user's is there before it starts, or it would make one of its own first. */
export function create(context: CreateContext<SealedSecretsConfig>): Created<"secretStore"> {
  const { config, scope, opts } = context;
  const key =
    config.key &&
    new Secret(
      "sealed-secrets-own-key",
      {
        metadata: {
          name: "sealed-secrets-own-key",
          namespace: scope.namespace,
          labels: { ...ownLabels, "sealedsecrets.bitnami.com/sealed-secrets-key": "active" },
        },
        type: "kubernetes.io/tls",
        stringData: { "tls.crt": config.key.certificate, "tls.key": secretOutput(config.key.privateKey) },
      },
      opts,
    );
  context.release("sealed-secrets", key ? { dependsOn: [key] } : {});
  return {};
}
