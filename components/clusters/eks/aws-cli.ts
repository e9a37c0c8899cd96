import { askCloud, type CloudProgram } from "../cloud-cli";
import type { EksConfig } from "./schema";
import { SESSION } from "./settings";

export const ROOT = "bearstack:cluster.eks";

/** What `aws sts assume-role` gives. */
interface Assumed {
  Credentials: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string };
}

/** The AWS CLI, and what each call of it ends with. */
export interface AwsCli {
  program: CloudProgram;
  place: string[];
}

/** The AWS CLI as the role of the config, where it names one. */
export async function awsCli(
  { region, roleArn }: Pick<EksConfig, "region" | "roleArn">,
  words: Pick<CloudProgram, "install" | "cure" | "instead">,
): Promise<AwsCli> {
  const place = ["--region", region, "--output", "json"];
  // It would wait for somebody to page through.
  const program: CloudProgram = { name: "aws", env: { AWS_PAGER: "" }, ...words };
  if (roleArn === undefined) return { program, place };
  const asked = ["sts", "assume-role", "--role-arn", roleArn, "--role-session-name", SESSION, ...place];
  const { AccessKeyId, SecretAccessKey, SessionToken } = (await askCloud<Assumed>(program, asked)).Credentials;
  const role = { AWS_ACCESS_KEY_ID: AccessKeyId, AWS_SECRET_ACCESS_KEY: SecretAccessKey, AWS_SESSION_TOKEN: SessionToken };
  return { program: { ...program, env: { ...program.env, ...role } }, place };
}

export const INSTALL = "Install the AWS CLI (docs.aws.amazon.com/cli, Installing)";

/** Who was refused is named, and may be called after SSO. */
export const DENIED = /AccessDenied|UnauthorizedOperation/;

/** What to do about a login; undefined where that is not the matter. */
export function loginCure(said: string): string | undefined {
  if (said.includes("AssumeRole")) return `Let who is named above assume it, or correct ${ROOT}.roleArn.`;
  if (!DENIED.test(said) && /credentials|token|expired|sso/i.test(said)) return 'Log in: "aws sso login", AWS_PROFILE, or the credentials that pulumi up has.';
  return undefined;
}

/** What credentials of another account than the config's are told. */
export const OTHER_LOGIN = (account: string): string => `Log in to ${account}: set AWS_PROFILE, or the credentials that pulumi up has.`;
