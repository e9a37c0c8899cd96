import type { AccessNeed } from "../components/core/access";
import type { AccessRequest } from "../components/clusters/definition";

/** What an add-on asks of a cloud, for tests of what clusters make of it. */
export function request(addon: string, needs: readonly AccessNeed[], more: Partial<AccessRequest> = {}): AccessRequest {
  return {
    addon,
    namespace: addon,
    serviceAccount: addon,
    annotations: ["serviceAccount", "annotations"],
    why: "does its work",
    at: "somewhere",
    instead: "give keys",
    needs,
    ...more,
  };
}
