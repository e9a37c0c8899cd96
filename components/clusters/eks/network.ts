import { Eip } from "@pulumi/aws/ec2/eip";
import { InternetGateway } from "@pulumi/aws/ec2/internetGateway";
import { NatGateway } from "@pulumi/aws/ec2/natGateway";
import { Route } from "@pulumi/aws/ec2/route";
import { RouteTable } from "@pulumi/aws/ec2/routeTable";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation";
import { Subnet } from "@pulumi/aws/ec2/subnet";
import { Vpc } from "@pulumi/aws/ec2/vpc";
import type { Input, Resource } from "@pulumi/pulumi";
import { after, kept, type Place } from "./place";
import { natOf, subnetsOf, vpcCidrOf, type Subnets } from "./settings";

export interface Network {
  /** Subnets of control plane and nodes, by zone where they are ours. */
  privateSubnets: { zone: string | undefined; id: Input<string> }[];
  /** All that nodes need to reach the world and the world needs to reach balancers: the cluster comes after and goes before it. */
  resources: Resource[];
}

/** Names are made of zones, which the config keeps; a zone more or a NAT more is nothing but more resources. */
export function makeNetwork(place: Place): Network {
  const { existing } = place.config.network;
  if (existing) return { privateSubnets: existing.privateSubnets.map((id) => ({ zone: undefined, id })), resources: [] };
  const { name, config, opts } = place;
  const tags = (part: string, more: Record<string, string> = {}): { tags: Record<string, string> } => ({ tags: { Name: `${name}-${part}`, ...more } });
  const vpc = new Vpc("vpc", { cidrBlock: vpcCidrOf(config), enableDnsSupport: true, enableDnsHostnames: true, tags: { Name: name } }, kept(place));
  const gateway = new InternetGateway("internet", { vpcId: vpc.id, ...tags("internet") }, opts);
  const outside = new RouteTable("public", { vpcId: vpc.id, ...tags("public") }, opts);
  const wayOut = new Route("public-internet", { routeTableId: outside.id, destinationCidrBlock: "0.0.0.0/0", gatewayId: gateway.id }, opts);
  const resources: Resource[] = [vpc, gateway, outside, wayOut];

  const publicSubnet = ({ zone, public: cidrBlock }: Subnets): Subnet => {
    const subnet = new Subnet(
      `public-${zone}`,
      // Nothing but balancers and NAT is in it, and these bring their own addresses.
      { vpcId: vpc.id, availabilityZone: zone, cidrBlock, mapPublicIpOnLaunch: false, ...tags(`public-${zone}`, { "kubernetes.io/role/elb": "1" }) },
      kept(place),
    );
    const association = new RouteTableAssociation(`public-${zone}`, { subnetId: subnet.id, routeTableId: outside.id }, opts);
    resources.push(subnet, association);
    return subnet;
  };

  const nat = (zone: string, subnet: Subnet): NatGateway => {
    const address = new Eip(`nat-${zone}`, { domain: "vpc", ...tags(`nat-${zone}`) }, after(place, gateway));
    const made = new NatGateway(`nat-${zone}`, { subnetId: subnet.id, allocationId: address.id, ...tags(`nat-${zone}`) }, after(place, wayOut));
    resources.push(address, made);
    return made;
  };

  const subnets = subnetsOf(config);
  const gateways: NatGateway[] = [];
  for (const [index, one] of subnets.entries()) {
    const subnet = publicSubnet(one);
    if (natOf(config) === "perZone" || (natOf(config) === "single" && index === 0)) gateways.push(nat(one.zone, subnet));
  }
  const privateSubnets = subnets.map(({ zone, private: cidrBlock }, index) => {
    const discovery: Record<string, string> = config.nodes === "karpenter" ? { "karpenter.sh/discovery": name } : {};
    const subnet = new Subnet(
      `private-${zone}`,
      { vpcId: vpc.id, availabilityZone: zone, cidrBlock, ...tags(`private-${zone}`, { "kubernetes.io/role/internal-elb": "1", ...discovery }) },
      kept(place),
    );
    const table = new RouteTable(`private-${zone}`, { vpcId: vpc.id, ...tags(`private-${zone}`) }, opts);
    const association = new RouteTableAssociation(`private-${zone}`, { subnetId: subnet.id, routeTableId: table.id }, opts);
    resources.push(subnet, table, association);
    const way = gateways[index] ?? gateways[0];
    if (way) resources.push(new Route(`private-${zone}-internet`, { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", natGatewayId: way.id }, opts));
    return { zone, id: subnet.id };
  });
  return { privateSubnets, resources };
}
