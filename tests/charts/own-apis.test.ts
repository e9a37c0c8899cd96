import { expect, it } from "vitest";
import { addons } from "../../components/addons/registry";
import { kubernetesRanges } from "../../components/clusters/kubernetes";
import { outlineOf } from "../../components/security/network-policies";
import { recordProgram } from "../../sandbox/runner/record";
import { checkStackOrThrow } from "../../stacks/check";
import { newestKubernetes } from "../../stacks/manifests";
import { deploy } from "../../stacks/program";
import { parseStackText } from "../../stacks/stack-file";
import { stringify } from "yaml";
import { people, platformStacks } from "../full-stacks";
import { oldApisAmong } from "./old-apis";
import { variantsOf } from "./variants";

it("knows the newest version of Kubernetes that we support", () => {
  expect(Object.values(kubernetesRanges).map(({ to }) => to)).toContain(`1.${newestKubernetes}`);
});

it("finds an old API where there is one", () => {
  expect(oldApisAmong([{ apiVersion: "policy/v1beta1", kind: "PodDisruptionBudget", name: "a" }])).toEqual([
    "policy/v1beta1 PodDisruptionBudget a is not served since Kubernetes 1.25",
  ]);
});

it("no chart makes, as far as its lock tells, what the newest Kubernetes will not serve", () => {
  const outlines = Object.values(addons).flatMap((addon) => variantsOf(addon).flatMap(({ resolve }) => resolve().addons.flatMap(outlineOf)));
  expect(outlines.length).toBeGreaterThan(1000);
  expect(oldApisAmong(outlines)).toEqual([]);
});

it("nor does what we make ourselves", async () => {
  const kinds = new Map<string, { apiVersion: string; kind: string; name: string }>();
  for (const { config } of platformStacks) {
    const stack = checkStackOrThrow(parseStackText(stringify({ config: { ...config, ...people } }), "own", "Pulumi.own.yaml", () => "secret"));
    for (const { type, name } of await recordProgram(() => deploy(stack, { offline: true, charts: {} }))) {
      const [, group = "", kind = ""] = /^kubernetes:([^:]+):(\w+)$/.exec(type) ?? [];
      const apiVersion = group.replace(/^core\//, "");
      if (group !== "" && !group.startsWith("helm.sh/")) kinds.set(`${apiVersion} ${kind}`, { apiVersion, kind, name });
    }
  }
  expect([...kinds.keys()]).toEqual(expect.arrayContaining(["v1 Namespace", "networking.k8s.io/v1 NetworkPolicy", "rbac.authorization.k8s.io/v1 RoleBinding"]));
  expect(oldApisAmong([...kinds.values()])).toEqual([]);
});
