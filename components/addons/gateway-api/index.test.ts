import { expect, it } from "vitest";
import { one, platformStack, recordPlatform } from "../../../tests/platforms";

it("comes only when somebody needs it, and before them", () => {
  expect(platformStack({ ingress: { traefik: { gatewayApi: false } } }).resolved!.addons.map(({ name }) => name)).not.toContain("gateway-api");
  const { layers, providers } = platformStack({ ingress: "traefik" }).resolved!;
  expect(layers[0]).toContain("gateway-api");
  expect(providers.gatewayApi).toBe("gateway-api");
});

it("is one release, made of CRDs alone", async () => {
  const resources = await recordPlatform({ ingress: "traefik" });
  const releases = resources.filter(({ type, parent }) => type === "kubernetes:helm.sh/v3:Release" && parent === "gateway-api");
  expect(releases.map(({ name }) => name)).toEqual(["gateway-api-crds"]);
  expect(one(resources, "Release", "gateway-api-crds").inputs).toMatchObject({
    chart: "./.bearstack/charts/gateway-api-crds",
    namespace: "gateway-api",
    version: "1.6.1",
  });
});
