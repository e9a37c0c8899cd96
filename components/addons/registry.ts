import type { AnyAddon } from "../core/addon";
import { alloy } from "./alloy/addon";
import { certManager } from "./cert-manager/addon";
import { envoy } from "./envoy/addon";
import { gatewayApi } from "./gateway-api/addon";
import { grafana } from "./grafana/addon";
import { loki } from "./loki/addon";
import { opentelemetryCollector } from "./opentelemetry-collector/addon";
import { prometheus } from "./prometheus/addon";
import { prometheusOperatorCrds } from "./prometheus-operator-crds/addon";
import { sealedSecrets } from "./sealed-secrets/addon";
import { tempo } from "./tempo/addon";
import { traefik } from "./traefik/addon";

const all: readonly AnyAddon[] = [
  alloy,
  certManager,
  envoy,
  gatewayApi,
  grafana,
  loki,
  opentelemetryCollector,
  prometheus,
  prometheusOperatorCrds,
  sealedSecrets,
  tempo,
  traefik,
];

/** Every add-on that is built, by name. A contract test compares this list with the folders beside it. */
export const addons: Readonly<Record<string, AnyAddon>> = Object.fromEntries(all.map((addon) => [addon.name, addon]));
