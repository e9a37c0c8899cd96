import { expect, it } from "vitest";
import { one, platformStack, recordPlatform } from "../../../tests/platforms";

it("comes with the first add-on that needs the kinds, before everybody who only wants them", () => {
  expect(platformStack({ ingress: "traefik" }).resolved!.addons.map(({ name }) => name)).not.toContain("prometheus-operator-crds");
  const { addons, layers, providers } = platformStack({ ingress: "traefik", metrics: "prometheus" }).resolved!;
  expect(layers[0]).toContain("prometheus-operator-crds");
  expect(providers.monitoringApi).toBe("prometheus-operator-crds");
  for (const name of ["traefik", "prometheus"]) expect(addons.find((addon) => addon.name === name)!.dependsOn).toContain("prometheus-operator-crds");
});

it("is one release in its own namespace, and Prometheus waits for it", async () => {
  const resources = await recordPlatform({ metrics: "prometheus" });
  expect(one(resources, "Release", "prometheus-operator-crds").inputs).toMatchObject({
    namespace: "prometheus-operator-crds",
    chart: "prometheus-operator-crds",
    version: "31.0.1",
  });
  expect(one(resources, "Release", "prometheus").dependsOn).toContain("prometheus-operator-crds");
});
