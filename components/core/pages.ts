import type { Scope } from "./addon";

/** Where people reach a page of the platform; undefined where nothing exposes pages. */
export function pageUrl(scope: Scope, name: string): string | undefined {
  if (!scope.domain || scope.choices.ingress.length === 0) return undefined;
  return `${scope.choices.certificates.length > 0 ? "https" : "http"}://${name}.${scope.domain}`;
}
