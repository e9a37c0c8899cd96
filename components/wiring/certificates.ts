import { CustomResource } from "@pulumi/kubernetes/apiextensions";
import type { Input, Resource } from "@pulumi/pulumi";
import { LayerComponent } from "../core/component";
import { ownLabels } from "../security/labels";
import type { WiringArgs } from "./index";

/**
 * Has the certificates made that add-ons asked for, where the issuer can sign them. Nobody waits for them: proof by DNS takes
 * minutes, and what uses such a Secret takes it up when it is there.
 */
export function createCertificates({ resolved, ports, namespaces, components, opts }: WiringArgs): void {
  const issuer = ports.tlsIssuer;
  if (!issuer) return;
  const wanted = resolved.all.certificates.filter(({ dnsNames }) => issuer.wildcards === true || !dnsNames.some((name) => name.startsWith("*.")));
  if (wanted.length === 0) return;
  const layer = new LayerComponent("certificates", opts);
  const issuing = components.get(resolved.providers.tlsIssuer ?? "");
  for (const { name, namespace, secretName, dnsNames } of wanted) {
    const dependsOn: Input<Resource>[] = [...(namespaces.get(namespace) ?? []), ...(issuing ? [issuing] : [])];
    new CustomResource(
      `${name}-certificate`,
      {
        apiVersion: "cert-manager.io/v1",
        kind: "Certificate",
        metadata: { name, namespace, labels: ownLabels },
        spec: {
          secretName,
          dnsNames: [...dnsNames],
          privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
          issuerRef: { group: "cert-manager.io", kind: issuer.kind, name: issuer.name },
        },
      },
      { ...opts, parent: layer, dependsOn },
    );
  }
}
