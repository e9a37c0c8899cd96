import type { PodSecurity } from "../core/contributions";

/** Labels on everything of ours, so that it can be found and told from others. */
export const ownLabels = { "app.kubernetes.io/managed-by": "bearstack" } as const;

/** Labels of a namespace: ours, and the Pod Security admission levels (kubernetes.io, Pod Security Admission). */
export function namespaceLabels(level: PodSecurity, extra: Record<string, string> = {}): Record<string, string> {
  return {
    ...ownLabels,
    "pod-security.kubernetes.io/enforce": level,
    "pod-security.kubernetes.io/warn": level,
    ...extra,
  };
}
