import type { CreateOnly } from "./create-only";

/**
 * Fields that make AWS's provider replace a resource, under Pulumi's names: `ForceNew` and `RequiresReplace` in
 * hashicorp/terraform-provider-aws, internal/service, as stored copies of its files had them (August 2026 or before).
 * Only types that our programs make. `name` and `namePrefix` go together; `#` means that the block comes or goes.
 */
export const awsCreateOnly: Readonly<Record<string, CreateOnly>> = {
  "aws:cloudwatch/eventRule:EventRule": { from: "events/rule.go", regional: true, fields: ["name", "namePrefix", "eventBusName"] },
  "aws:cloudwatch/eventTarget:EventTarget": { from: "events/target.go", regional: true, fields: ["rule", "targetId", "eventBusName"] },
  "aws:cloudwatch/logGroup:LogGroup": { from: "logs/group.go", regional: true, fields: ["name", "namePrefix", "logGroupClass"] },
  "aws:ec2/eip:Eip": {
    from: "ec2/ec2_eip.go",
    regional: true,
    fields: ["address", "domain", "ipamPoolId", "networkBorderGroup", "publicIpv4Pool"],
  },
  "aws:ec2/internetGateway:InternetGateway": { from: "ec2/vpc_internet_gateway.go", regional: true, fields: [] },
  "aws:ec2/launchTemplate:LaunchTemplate": { from: "ec2/ec2_launch_template.go", regional: true, fields: ["name", "namePrefix"] },
  "aws:ec2/natGateway:NatGateway": {
    from: "ec2/vpc_nat_gateway.go",
    regional: true,
    fields: ["allocationId", "connectivityType", "privateIp", "secondaryPrivateIpAddressCount", "subnetId"],
  },
  "aws:ec2/route:Route": {
    from: "ec2/vpc_route.go",
    regional: true,
    fields: ["routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"],
  },
  "aws:ec2/routeTable:RouteTable": { from: "ec2/vpc_route_table.go", regional: true, fields: ["vpcId"] },
  "aws:ec2/routeTableAssociation:RouteTableAssociation": { from: "ec2/vpc_route_table_association.go", regional: true, fields: ["gatewayId", "subnetId"] },
  "aws:ec2/subnet:Subnet": {
    from: "ec2/vpc_subnet.go",
    regional: true,
    fields: [
      "availabilityZone",
      "availabilityZoneId",
      "cidrBlock",
      "ipv4IpamPoolId",
      "ipv4NetmaskLength",
      "ipv6IpamPoolId",
      "ipv6Native",
      "ipv6NetmaskLength",
      "outpostArn",
      "vpcId",
    ],
  },
  "aws:ec2/vpc:Vpc": { from: "ec2/vpc_.go", regional: true, fields: ["cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength"] },
  "aws:eks/accessEntry:AccessEntry": { from: "eks/access_entry.go", regional: true, fields: ["clusterName", "principalArn", "type"] },
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
    from: "eks/access_policy_association.go",
    regional: true,
    fields: ["accessScope#", "accessScope.namespaces", "accessScope.type", "clusterName", "policyArn", "principalArn"],
  },
  "aws:eks/addon:Addon": { from: "eks/addon.go", regional: true, fields: ["addonName", "clusterName"] },
  "aws:eks/cluster:Cluster": {
    from: "eks/cluster.go",
    regional: true,
    fields: [
      "accessConfig.bootstrapClusterCreatorAdminPermissions",
      "bootstrapSelfManagedAddons",
      // Another role, not the first one (its CustomizeDiff).
      "computeConfig.nodeRoleArn",
      // It goes, it does not come (its CustomizeDiff); of another key the API itself says no.
      "encryptionConfig#",
      "kubernetesNetworkConfig.ipFamily",
      "kubernetesNetworkConfig.serviceIpv4Cidr",
      "name",
      "outpostConfig.controlPlaneInstanceType",
      "outpostConfig.controlPlanePlacement.groupName",
      "remoteNetworkConfig#",
      "remoteNetworkConfig.remoteNodeNetworks.cidrs",
      "remoteNetworkConfig.remotePodNetworks.cidrs",
      "roleArn",
    ],
  },
  "aws:eks/nodeGroup:NodeGroup": {
    from: "eks/node_group.go",
    regional: true,
    fields: [
      "amiType",
      "capacityType",
      "clusterName",
      "diskSize",
      "instanceTypes",
      "launchTemplate.id",
      "launchTemplate.name",
      "nodeGroupName",
      "nodeGroupNamePrefix",
      "nodeRoleArn",
      "remoteAccess#",
      "remoteAccess.ec2SshKey",
      "remoteAccess.sourceSecurityGroupIds",
      "subnetIds",
    ],
  },
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": {
    from: "eks/pod_identity_association.go",
    regional: true,
    fields: ["clusterName", "namespace", "serviceAccount"],
  },
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": { from: "iam/openid_connect_provider.go", fields: ["url"] },
  "aws:iam/role:Role": { from: "iam/role.go", fields: ["name", "namePrefix", "path"] },
  "aws:iam/rolePolicy:RolePolicy": { from: "iam/role_policy.go", fields: ["name", "namePrefix", "role"] },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": { from: "iam/role_policy_attachment.go", fields: ["policyArn", "role"] },
  "aws:kms/alias:Alias": { from: "kms/alias.go", regional: true, fields: ["name", "namePrefix"] },
  "aws:kms/key:Key": {
    from: "kms/key.go",
    regional: true,
    fields: ["customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId"],
  },
  "aws:route53/zone:Zone": { from: "route53/zone.go", fields: ["delegationSetId", "name"] },
  "aws:s3/bucket:Bucket": { from: "s3/bucket.go", regional: true, fields: ["bucket", "bucketNamespace", "bucketPrefix", "objectLockEnabled"] },
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
    from: "s3/bucket_lifecycle_configuration.go",
    regional: true,
    fields: ["bucket", "expectedBucketOwner"],
  },
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": { from: "s3/bucket_ownership_controls.go", regional: true, fields: ["bucket"] },
  "aws:s3/bucketPolicy:BucketPolicy": { from: "s3/bucket_policy.go", regional: true, fields: ["bucket"] },
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": { from: "s3/bucket_public_access_block.go", regional: true, fields: ["bucket"] },
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
    from: "s3/bucket_server_side_encryption_configuration.go",
    regional: true,
    fields: ["bucket", "expectedBucketOwner"],
  },
  "aws:s3/bucketVersioning:BucketVersioning": { from: "s3/bucket_versioning.go", regional: true, fields: ["bucket", "expectedBucketOwner"] },
  "aws:sqs/queue:Queue": { from: "sqs/queue.go", regional: true, fields: ["fifoQueue", "name", "namePrefix"] },
  "aws:sqs/queuePolicy:QueuePolicy": { from: "sqs/queue_policy.go", regional: true, fields: ["queueUrl"] },
};
