import { createHash } from "node:crypto";
import type { Settings, Values } from "./cloud";

/** Where a provider works, from its own configuration. */
export interface Region {
  region: string;
  project: string;
}

/** What a cloud gives a new thing: its id, and the outputs that are no inputs. Shapes are those of the providers' declarations. */
export interface Given {
  id: string;
  outputs: Values;
}

const ACCOUNT = "123456789012";

interface Making {
  /** Name in the program. */
  name: string;
  inputs: Values;
  at: Region;
  settings: Settings;
  /** Letters that nothing else has. */
  unique: string;
}

type Maker = (making: Making) => Given;

const text = (value: unknown): string => (typeof value === "string" ? value : String(value));

const aws =
  (
    service: string,
    id: (making: Making) => string,
    path: (making: Making, id: string) => string,
    more: (making: Making, id: string) => Values = () => ({}),
  ): Maker =>
  (making) => {
    const made = id(making);
    const region = service === "iam" ? "" : making.at.region;
    return { id: made, outputs: { arn: `arn:aws:${service}:${region}:${ACCOUNT}:${path(making, made)}`, ...more(making, made) } };
  };

const numbered = (prefix: string) => (making: Making) => `${prefix}-0${making.unique.slice(0, 16)}`;
const field = (name: string) => (making: Making) => text(making.inputs[name]);
const fields =
  (separator: string, ...names: readonly string[]) =>
  (making: Making) =>
    names.map((name) => text(making.inputs[name])).join(separator);
const ec2 = (prefix: string, kind: string, more?: (making: Making, id: string) => Values): Maker =>
  aws("ec2", numbered(prefix), (_making, id) => `${kind}/${id}`, more);
const plain =
  (id: (making: Making) => string, more: (making: Making, id: string) => Values = () => ({})): Maker =>
  (making) => ({ id: id(making), outputs: more(making, id(making)) });

const NAME_SERVERS = ["ns-1.example.com", "ns-2.example.com"];

/** S3 has them as things of their own, under the name of the bucket. */
const bucketSettings = ["LifecycleConfiguration", "OwnershipControls", "Policy", "PublicAccessBlock", "ServerSideEncryptionConfiguration", "Versioning"];

const awsMakers: Readonly<Record<string, Maker>> = {
  "aws:cloudwatch/eventRule:EventRule": aws("events", field("name"), (_making, id) => `rule/${id}`),
  "aws:cloudwatch/eventTarget:EventTarget": plain(fields("-", "rule", "targetId")),
  "aws:cloudwatch/logGroup:LogGroup": aws("logs", field("name"), (_making, id) => `log-group:${id}`),
  "aws:ec2/eip:Eip": ec2("eipalloc", "elastic-ip", (_making, id) => ({ allocationId: id, publicIp: "192.0.2.10" })),
  "aws:ec2/internetGateway:InternetGateway": ec2("igw", "internet-gateway"),
  "aws:ec2/launchTemplate:LaunchTemplate": ec2("lt", "launch-template", () => ({ latestVersion: 1, defaultVersion: 1 })),
  "aws:ec2/natGateway:NatGateway": ec2("nat", "natgateway", () => ({ publicIp: "192.0.2.10" })),
  "aws:ec2/route:Route": plain(
    (making) => `r-${text(making.inputs.routeTableId)}${making.unique.slice(0, 8)}`,
    () => ({ origin: "CreateRoute", state: "active" }),
  ),
  "aws:ec2/routeTable:RouteTable": ec2("rtb", "route-table", () => ({ ownerId: ACCOUNT })),
  "aws:ec2/routeTableAssociation:RouteTableAssociation": plain(numbered("rtbassoc")),
  "aws:ec2/subnet:Subnet": ec2("subnet", "subnet", () => ({ ownerId: ACCOUNT })),
  "aws:ec2/vpc:Vpc": ec2("vpc", "vpc", (making) => ({ mainRouteTableId: numbered("rtb")(making), ownerId: ACCOUNT })),
  "aws:eks/accessEntry:AccessEntry": plain(fields(":", "clusterName", "principalArn"), ({ inputs }, id) => ({
    accessEntryArn: id,
    userName: inputs.principalArn,
  })),
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": plain(fields("#", "clusterName", "principalArn", "policyArn")),
  "aws:eks/addon:Addon": aws("eks", fields(":", "clusterName", "addonName"), (_making, id) => `addon/${id}`),
  "aws:eks/cluster:Cluster": aws(
    "eks",
    field("name"),
    (_making, id) => `cluster/${id}`,
    ({ settings, at, unique }) => ({
      endpoint: settings.endpoint,
      certificateAuthority: { data: settings.authority },
      identities: [{ oidcs: [{ issuer: `https://oidc.eks.${at.region}.amazonaws.com/id/${unique.slice(0, 32).toUpperCase()}` }] }],
      platformVersion: "eks.1",
      status: "ACTIVE",
      vpcConfig: { clusterSecurityGroupId: `sg-0${unique.slice(0, 16)}`, vpcId: `vpc-0${unique.slice(0, 16)}` },
    }),
  ),
  "aws:eks/nodeGroup:NodeGroup": aws(
    "eks",
    ({ inputs, unique }) => `${text(inputs.clusterName)}:${text(inputs.nodeGroupNamePrefix)}${unique.slice(0, 12)}`,
    (_making, id) => `nodegroup/${id}`,
    (_making, id) => ({ nodeGroupName: id.split(":")[1], status: "ACTIVE" }),
  ),
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": plain(numbered("a"), (_making, id) => ({ associationId: id, associationArn: id })),
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": ({ inputs }) => {
    const arn = `arn:aws:iam::${ACCOUNT}:oidc-provider/${text(inputs.url).replace("https://", "")}`;
    return { id: arn, outputs: { arn } };
  },
  "aws:iam/role:Role": aws(
    "iam",
    field("name"),
    (_making, id) => `role/${id}`,
    ({ unique }) => ({ uniqueId: unique.toUpperCase() }),
  ),
  "aws:iam/rolePolicy:RolePolicy": plain(fields(":", "role", "name")),
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": plain(fields("/", "role", "policyArn")),
  "aws:kms/alias:Alias": aws("kms", field("name"), (_making, id) => id),
  "aws:kms/key:Key": aws(
    "kms",
    ({ unique }) => `${unique.slice(0, 8)}-0000-4000-8000-${unique.slice(0, 12)}`,
    (_making, id) => `key/${id}`,
    (_making, id) => ({ keyId: id }),
  ),
  "aws:route53/zone:Zone": aws(
    "route53",
    ({ unique }) => `Z${unique.slice(0, 20).toUpperCase()}`,
    (_making, id) => `hostedzone/${id}`,
    (_making, id) => ({ zoneId: id, nameServers: NAME_SERVERS }),
  ),
  "aws:s3/bucket:Bucket": ({ inputs }) => ({ id: text(inputs.bucket), outputs: { arn: `arn:aws:s3:::${text(inputs.bucket)}` } }),
  ...Object.fromEntries(bucketSettings.map((what) => [`aws:s3/bucket${what}:Bucket${what}`, plain(field("bucket"))])),
  "aws:sqs/queue:Queue": aws(
    "sqs",
    ({ inputs, at }) => `https://sqs.${at.region}.amazonaws.com/${ACCOUNT}/${text(inputs.name)}`,
    ({ inputs }) => text(inputs.name),
    (_making, id) => ({ url: id }),
  ),
  "aws:sqs/queuePolicy:QueuePolicy": plain(field("queueUrl")),
};

const COMPUTE = "https://www.googleapis.com/compute/v1";

const compute = (path: (making: Making) => string, more: Values = {}): Maker =>
  plain(
    (making) => `projects/${text(making.inputs.project)}/${path(making)}`,
    (_making, id) => ({ selfLink: `${COMPUTE}/${id}`, ...more }),
  );
const regionally = (kind: string) => compute(({ inputs }) => `regions/${text(inputs.region)}/${kind}/${text(inputs.name)}`);
const member = (...names: readonly string[]): Maker => plain(fields("/", ...names, "role", "member"), () => ({ etag: "BwY=" }));

const gcpMakers: Readonly<Record<string, Maker>> = {
  "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": member("project", "location", "repository"),
  "gcp:compute/firewall:Firewall": compute(({ inputs }) => `global/firewalls/${text(inputs.name)}`),
  "gcp:compute/network:Network": compute(({ inputs }) => `global/networks/${text(inputs.name)}`, { gatewayIpv4: "" }),
  "gcp:compute/router:Router": regionally("routers"),
  "gcp:compute/routerNat:RouterNat": plain(fields("/", "project", "region", "router", "name")),
  "gcp:compute/subnetwork:Subnetwork": regionally("subnetworks"),
  "gcp:container/cluster:Cluster": plain(
    ({ inputs }) => `projects/${text(inputs.project)}/locations/${text(inputs.location)}/clusters/${text(inputs.name)}`,
    ({ settings }, id) => ({
      endpoint: "172.16.0.2",
      masterVersion: "1.34.1-gke.1829001",
      masterAuth: { clusterCaCertificate: settings.authority },
      controlPlaneEndpointsConfig: { dnsEndpointConfig: { endpoint: settings.dnsEndpoint } },
      privateClusterConfig: { privateEndpoint: "172.16.0.2", publicEndpoint: "192.0.2.20" },
      selfLink: `https://container.googleapis.com/v1/${id}`,
    }),
  ),
  "gcp:container/nodePool:NodePool": plain(
    ({ inputs }) => `${text(inputs.cluster)}/nodePools/${text(inputs.name)}`,
    () => ({ instanceGroupUrls: [], version: "1.34.1-gke.1829001" }),
  ),
  "gcp:dns/dnsManagedZoneIamMember:DnsManagedZoneIamMember": member("project", "managedZone"),
  "gcp:dns/managedZone:ManagedZone": plain(
    ({ inputs }) => `projects/${text(inputs.project)}/managedZones/${text(inputs.name)}`,
    () => ({ nameServers: NAME_SERVERS }),
  ),
  "gcp:kms/cryptoKey:CryptoKey": plain(({ inputs }) => `${text(inputs.keyRing)}/cryptoKeys/${text(inputs.name)}`),
  "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": member("cryptoKeyId"),
  "gcp:kms/keyRing:KeyRing": plain(({ inputs }) => `projects/${text(inputs.project)}/locations/${text(inputs.location)}/keyRings/${text(inputs.name)}`),
  "gcp:projects/iAMCustomRole:IAMCustomRole": plain(
    ({ inputs }) => `projects/${text(inputs.project)}/roles/${text(inputs.roleId)}`,
    (_making, id) => ({ name: id, deleted: false }),
  ),
  "gcp:projects/iAMMember:IAMMember": member("project"),
  "gcp:secretmanager/secretIamMember:SecretIamMember": member("project", "secretId"),
  "gcp:serviceaccount/account:Account": ({ inputs }) => {
    const email = `${text(inputs.accountId)}@${text(inputs.project)}.iam.gserviceaccount.com`;
    const name = `projects/${text(inputs.project)}/serviceAccounts/${email}`;
    return { id: name, outputs: { email, member: `serviceAccount:${email}`, name } };
  },
  "gcp:storage/bucket:Bucket": plain(field("name"), (_making, id) => ({ url: `gs://${id}` })),
  "gcp:storage/bucketIAMMember:BucketIAMMember": member("bucket"),
};

const makers: Readonly<Record<string, Maker>> = { ...awsMakers, ...gcpMakers };

/** Types that the stand-ins know. */
export const standInTypes = Object.keys(makers);

export function give(type: string, name: string, inputs: Values, at: Region, settings: Settings): Given {
  const maker = makers[type];
  if (!maker) throw new Error(`the stand-in knows no ${type}: add it to tests/clouds/shapes.ts`);
  const unique = createHash("sha256")
    .update(JSON.stringify([type, name, inputs, Date.now()]))
    .digest("hex");
  return maker({ name, inputs, at, settings, unique });
}

/** Inputs that Pulumi's providers make up where the program gives none. */
export const namedByPulumi: Readonly<Record<string, string>> = {
  "aws:cloudwatch/eventRule:EventRule": "name",
  "aws:ec2/launchTemplate:LaunchTemplate": "name",
  "aws:iam/role:Role": "name",
  "aws:iam/rolePolicy:RolePolicy": "name",
  "gcp:projects/iAMCustomRole:IAMCustomRole": "roleId",
};
