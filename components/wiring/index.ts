import { Secret } from "@pulumi/kubernetes/core/v1";
import { Ingress } from "@pulumi/kubernetes/networking/v1";
import { interpolate, type CustomResourceOptions, type Input, type Output, type Resource } from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random";
import type { PlatformConfig } from "../../stacks/model";
import { LayerComponent } from "../core/component";
import type { Ports } from "../core/ports";
import type { Resolved } from "../core/resolve";
import { ownLabels } from "../security/labels";
import { createCertificates } from "./certificates";
import { uiAccess, type UiAccess } from "./exposure";

export interface WiringArgs {
  platform: PlatformConfig;
  resolved: Resolved;
  /** Ports as the add-ons refined them. */
  ports: Partial<Ports>;
  namespaces: ReadonlyMap<string, Resource[]>;
  components: ReadonlyMap<string, Resource>;
  opts: CustomResourceOptions;
}

/** User name of the generated basic auth; its password is a secret output of the stack. */
const BASIC_AUTH_USER = "platform";

/**
 * The provider waits ten minutes for an address in an Ingress's status (pulumi-kubernetes, provider/pkg/await), which
 * controllers on host ports or behind an edge never write.
 */
const SKIP_AWAIT = { "pulumi.com/skipAwait": "true" };

/** Exposes the pages of the platform: one Ingress each, with TLS where an issuer is on, and basic auth where the page has no login of its own. */
export function createWiring(args: WiringArgs): Record<string, Output<unknown>> {
  const { platform, resolved, ports, opts } = args;
  createCertificates(args);
  const exposed = uiAccess(resolved, platform).filter((access) => access.host !== undefined);
  if (exposed.length === 0 || !ports.ingress) return {};
  const layer = new LayerComponent("pages", opts);
  const children = { ...opts, parent: layer };
  const guarded = exposed.some((access) => access.access === "generated basic auth");
  const password = guarded ? new RandomPassword("pages-password", { length: 32, special: false }, { parent: layer }) : undefined;
  for (const access of exposed) createPage(access, args, password, children);
  return password ? { pagesUser: interpolate`${BASIC_AUTH_USER}`, pagesPassword: password.result } : {};
}

function createPage({ ui, host, access }: UiAccess, args: WiringArgs, password: RandomPassword | undefined, opts: CustomResourceOptions): void {
  const { ports, resolved, namespaces, components } = args;
  const roles = [ui.addon, resolved.providers.ingress, resolved.providers.tlsIssuer];
  const dependsOn: Input<Resource>[] = [...(namespaces.get(ui.namespace) ?? []), ...roles.flatMap((name) => (name && components.get(name)) || [])];
  const after = { ...opts, dependsOn };
  const metadata = { namespace: ui.namespace, labels: ownLabels };
  let annotations: Record<string, string> = { ...SKIP_AWAIT, ...ports.tlsIssuer?.ingressAnnotations };
  if (access === "generated basic auth") {
    const name = `${ui.name}-basic-auth`;
    const users = new Secret(
      name,
      { metadata: { ...metadata, name }, type: "Opaque", stringData: { users: interpolate`${BASIC_AUTH_USER}:${password!.bcryptHash}` } },
      after,
    );
    const auth = ports.ingress!.basicAuth!({ name, namespace: ui.namespace, secretName: users.metadata.name, opts: after });
    annotations = { ...annotations, ...auth };
  }
  new Ingress(
    `${ui.name}-page`,
    {
      metadata: { ...metadata, name: ui.name, annotations },
      spec: {
        ingressClassName: ports.ingress!.className,
        rules: [{ host: host!, http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: ui.service, port: { number: ui.port } } } }] } }],
        ...(ports.tlsIssuer ? { tls: [{ hosts: [host!], secretName: `${ui.name}-tls` }] } : {}),
      },
    },
    after,
  );
}
