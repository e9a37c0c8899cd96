/** What must not be replaced or deleted by accident: read by `bear guard` and by the policy pack. */
export interface ProtectedKind {
  id: string;
  /** An error fails the guard, a warning is only told. */
  severity: "error" | "warning";
  /** True where our programs set `protect` unless told otherwise, so that the policy pack can ask for it. */
  protect: boolean;
  /** Pulumi's type tokens. */
  types: readonly string[];
  /** Only resources whose name matches. */
  name?: RegExp;
  /** What goes with it, and what it costs to come back. */
  lost: string;
  instead: string;
}

const putBack = "put the field under BECAUSE back";

export const protectedKinds: readonly ProtectedKind[] = [
  {
    id: "cluster",
    severity: "error",
    protect: true,
    types: ["gcp:container/cluster:Cluster", "aws:eks/cluster:Cluster", "kubernetes:core.gardener.cloud/v1beta1:Shoot"],
    lost: "every workload, Secret and claim in it, and its end point; a new one is empty and takes 10 to 60 minutes",
    instead: `${putBack}; for another cluster make a second stack, move over, then destroy this one`,
  },
  {
    id: "cluster-access",
    severity: "error",
    protect: false,
    types: ["pulumi:providers:kubernetes"],
    name: /^cluster$/,
    lost: "every object of the platform: with its provider each is made anew and the old one deleted, claims included",
    instead:
      "let kubeconfig and context lead to the same cluster again; with a new kubeconfig of the same cluster the identity stays, so look for a changed server or CA",
  },
  {
    id: "network",
    severity: "error",
    protect: true,
    types: ["gcp:compute/network:Network", "aws:ec2/vpc:Vpc"],
    lost: "the network under the cluster: it can only go after the cluster, its balancers and its peerings",
    instead: `${putBack}; another network means another cluster`,
  },
  {
    id: "subnet",
    severity: "error",
    protect: true,
    types: ["gcp:compute/subnetwork:Subnetwork", "aws:ec2/subnet:Subnet", "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation"],
    lost: "the addresses of nodes, pods and balancers in it; the cloud refuses while one is in use, in the middle of the run",
    instead: `${putBack}; to grow, add a subnet or a secondary range and move the node pools`,
  },
  {
    id: "volume",
    severity: "error",
    protect: true,
    types: [
      "gcp:compute/disk:Disk",
      "gcp:compute/regionDisk:RegionDisk",
      "gcp:filestore/instance:Instance",
      "aws:ebs/volume:Volume",
      "aws:efs/fileSystem:FileSystem",
    ],
    lost: "the data on it, back to the last snapshot",
    instead: `${putBack}; to move, take a snapshot and make the new volume from it`,
  },
  {
    id: "claim",
    severity: "error",
    protect: false,
    types: ["kubernetes:core/v1:PersistentVolumeClaim", "kubernetes:core/v1:PersistentVolume"],
    lost: "the volume behind it, where its class says Delete",
    instead: `${putBack}; to move, back up and restore into a new claim`,
  },
  {
    id: "bucket",
    severity: "error",
    protect: true,
    types: ["gcp:storage/bucket:Bucket", "aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"],
    lost: "every object in it with all versions (metrics, logs, traces, backups), and the name, which somebody else may take",
    instead: `${putBack}; to move, copy the objects into a second bucket first`,
  },
  {
    id: "key",
    severity: "error",
    protect: true,
    types: ["gcp:kms/keyRing:KeyRing", "gcp:kms/cryptoKey:CryptoKey", "aws:kms/key:Key"],
    lost: "everything encrypted by it, for good, once the waiting time of the cloud is over",
    instead: `${putBack}; for a new key rotate: versions of before stay readable`,
  },
  {
    id: "zone",
    severity: "error",
    protect: true,
    types: ["gcp:dns/managedZone:ManagedZone", "aws:route53/zone:Zone"],
    lost: "all its records, and its name servers: the parent zone delegates to them, and caches hold that for days",
    instead: `${putBack}; for another domain add a second zone`,
  },
  {
    id: "nodes",
    severity: "warning",
    protect: false,
    types: ["gcp:container/nodePool:NodePool", "aws:eks/nodeGroup:NodeGroup"],
    lost: "all its nodes at once: pods move, what is on their own disks goes",
    instead: "add a pool with the new settings first, let pods move, then take the old one out",
  },
  {
    id: "host",
    severity: "warning",
    protect: false,
    types: ["command:remote:Command"],
    name: /-drain$/,
    lost: "a node: the host is drained and leaves the cluster, what is on its own disks goes",
    instead: "keep the host in the list unless it is meant to leave",
  },
  {
    id: "address",
    severity: "warning",
    protect: false,
    types: ["gcp:compute/address:Address", "gcp:compute/globalAddress:GlobalAddress", "aws:ec2/eip:Eip"],
    lost: "a fixed address, which does not come back: DNS records and allow lists of others name it",
    instead: `${putBack}, or tell those who let the old address in`,
  },
  {
    id: "namespace",
    severity: "warning",
    protect: false,
    types: ["kubernetes:core/v1:Namespace"],
    lost: "everything in it, claims and their data included",
    instead: "keep `data: keep`, or back up what is in it",
  },
];

/** What its owner protected, whatever its type. The engine itself lets a replacement pass that takes `protect` away in the same run. */
export const OWN: Omit<ProtectedKind, "types"> = {
  id: "protected",
  severity: "error",
  protect: true,
  lost: "what it holds: somebody protected it, and the state says that it still is",
  instead: "put it back; where it is meant to go, take `protect` away in a run of its own first",
};

/** What a resource is, where it is one of those. */
export function protectedKind(type: string, name: string): ProtectedKind | undefined {
  return protectedKinds.find((kind) => kind.types.includes(type) && (kind.name?.test(name) ?? true));
}
