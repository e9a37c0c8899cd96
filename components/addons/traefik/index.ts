import { CustomResource } from "@pulumi/kubernetes/apiextensions";
import type { CreateContext, Created } from "../../core/addon";
import type { TraefikConfig } from "./schema";

/** Installs Traefik; its ingress port can put basic auth before an Ingress by a Middleware. */
export function create(context: CreateContext<TraefikConfig>): Created<"ingress"> {
  context.release("traefik");
  return {
    ingress: {
      className: "traefik",
      canBasicAuth: true,
      basicAuth: ({ name, namespace, secretName, opts }) => {
        new CustomResource(
          name,
          {
            apiVersion: "traefik.io/v1alpha1",
            kind: "Middleware",
            metadata: { name, namespace },
            spec: { basicAuth: { secret: secretName, removeHeader: true } },
          },
          opts,
        );
        return { "traefik.ingress.kubernetes.io/router.middlewares": `${namespace}-${name}@kubernetescrd` };
      },
    },
  };
}
