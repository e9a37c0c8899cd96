import { askCloud, type CloudProgram } from "../cloud-cli";

export const INSTALL = "Install the Google Cloud CLI (cloud.google.com/sdk/docs/install)";

/** gcloud, with nobody to answer questions. */
export const gcloudCli = (
  words: Pick<CloudProgram, "install" | "instead" | "partly"> & { cure: (said: string, program: CloudProgram) => Promise<string> },
): CloudProgram => {
  const { cure, ...rest } = words;
  const program: CloudProgram = { ...rest, name: "gcloud", env: { CLOUDSDK_CORE_DISABLE_PROMPTS: "1" }, cure: (said) => cure(said, program) };
  return program;
};

export const DENIED = /code=403|PERMISSION_DENIED|Required '[^']*' permission|does not have .*permission/;

export const LOG_IN = 'Log in: "gcloud auth login", in CI with "--cred-file <file>".';
export const notLoggedIn = (said: string): boolean => /account|auth|credential|token/i.test(said);

/** Google says what was refused, and not to whom. */
export async function accountOf(gcloud: CloudProgram): Promise<string> {
  const account = await askCloud<unknown>({ ...gcloud, cure: () => "" }, ["config", "get-value", "account", "--format", "json"]).catch(() => undefined);
  return typeof account === "string" ? account : "the account of gcloud";
}
