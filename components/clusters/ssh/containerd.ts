import type { Output } from "@pulumi/pulumi";
import { secretOutput } from "../../core/secret-output";
import type { Host } from "./hosts";
import { proxySecrets, proxySettings, type Proxy } from "./proxy";
import type { Registries } from "./registries";
import { registryAccess, registryFiles } from "./registry-hosts";

interface Config {
  registries?: Registries | undefined;
  proxy?: Proxy | undefined;
}

/** What anybody may know of it. */
export const containerdSettings = (config: Parameters<typeof proxySettings>[0] & Config, hosts: readonly Host[]): Record<string, string> => ({
  ...proxySettings(config, hosts),
  ...(config.registries ? { REGISTRY_FILES: registryFiles(config.registries) } : {}),
});

export const proxyOutputs = (proxy: Proxy | undefined): Record<string, Output<string>> =>
  Object.fromEntries(Object.entries(proxySecrets(proxy)).map(([key, value]) => [key, secretOutput(value)]));

/** What it gets on standard input. */
export function containerdSecrets({ registries, proxy }: Config): Record<string, Output<string>> {
  const access = registries && registryAccess(registries);
  return { ...proxyOutputs(proxy), ...(access ? { REGISTRIES: access } : {}) };
}
