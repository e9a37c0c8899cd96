import { CustomResource } from "@pulumi/kubernetes/apiextensions";
import { Secret as KubernetesSecret } from "@pulumi/kubernetes/core/v1";
import type { Resource } from "@pulumi/pulumi";
import type { CreateContext, Created } from "../../core/addon";
import { Secret } from "../../core/secret";
import { secretOutput } from "../../core/secret-output";
import { ownLabels } from "../../security/labels";
import { ISSUER, issuerKind, issuerOf, ownCaCertificate, type NeededSecret } from "./issuer";
import type { CertManagerConfig } from "./schema";

const BOOTSTRAP = "bearstack-ca-bootstrap";

/** Installs cert-manager and, once its webhook answers, the one ClusterIssuer of the platform; who uses it waits until it is Ready. */
export function create(context: CreateContext<CertManagerConfig>): Created<"tlsIssuer"> {
  const { config, scope, ports, opts } = context;
  const release = context.release("cert-manager");
  const { namespace } = scope;

  // Awaited: what comes next would otherwise fail for want of a signer, or be issued late and in silence.
  const object = (kind: string, name: string, spec: Record<string, unknown>, dependsOn: Resource[]): CustomResource =>
    new CustomResource(
      name,
      {
        apiVersion: "cert-manager.io/v1",
        kind,
        metadata: { name, ...(kind === "ClusterIssuer" ? {} : { namespace }), labels: ownLabels, annotations: { "pulumi.com/waitFor": "condition=Ready" } },
        spec,
      },
      { ...opts, dependsOn },
    );

  const before: Resource[] = [release];
  const { spec, secrets } = issuerOf(config, scope, ports);
  for (const needed of secrets) before.push(makeSecret(needed, namespace, opts));
  if (issuerKind(config) === "own-ca") {
    const bootstrap = object("Issuer", BOOTSTRAP, { selfSigned: {} }, [release]);
    before.push(object("Certificate", "bearstack-ca", ownCaCertificate(BOOTSTRAP), [bootstrap]));
  }
  object("ClusterIssuer", ISSUER, spec, before);
  return {};
}

function makeSecret({ name, type, entries }: NeededSecret, namespace: string, opts: CreateContext["opts"]): KubernetesSecret {
  const stringData = Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, value instanceof Secret ? secretOutput(value) : value]));
  return new KubernetesSecret(name, { metadata: { name, namespace, labels: ownLabels }, type, stringData }, opts);
}
