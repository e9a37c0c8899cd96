import { Provider } from "@pulumi/aws/provider";
import type { ComponentResource } from "@pulumi/pulumi";
import type { EksConfig } from "./schema";
import { SESSION, STACK_TAG } from "./settings";

type ProviderConfig = Pick<EksConfig, "region" | "roleArn" | "account"> & Partial<Pick<EksConfig, "tags">>;

/** What speaks with AWS: in one region, as the role of the config, and in no other account than the config's. */
export function awsProvider({ region, roleArn, account, tags }: ProviderConfig, stack: string, parent: ComponentResource): Provider {
  return new Provider(
    "aws",
    {
      region,
      ...(roleArn === undefined ? {} : { assumeRoles: [{ roleArn, sessionName: SESSION }] }),
      ...(account === undefined ? {} : { allowedAccountIds: [account] }),
      defaultTags: { tags: { [STACK_TAG]: stack, ...tags } },
    },
    { parent },
  );
}
