import * as z from "zod";
import { addonSchema, dnsLabel } from "../../core/schema";

const port = z.number().int().min(1).max(65535);

export const EnvoyConfig = addonSchema({
  backend: z
    .strictObject({
      service: dnsLabel.describe("Name of the Service."),
      namespace: dnsLabel.describe("Its namespace."),
      http: port.default(80).describe("Its port for what arrives at 80."),
      https: port.default(443).describe("Its port for what arrives at 443."),
      proxyProtocol: z.boolean().default(false).describe("It takes PROXY protocol."),
    })
    .optional()
    .describe("Service that serves visitors; the ingress controller of the platform when left out."),
  proxyProtocol: z.boolean().default(true).describe("Tell the ingress controller the visitor's address by PROXY protocol, where it takes that."),
  acceptProxyProtocol: z
    .boolean()
    .default(false)
    .describe("A load balancer of yours in front of the nodes sends PROXY protocol; then nothing else may connect."),
  maxConnections: z.number().int().positive().default(10_000).describe("Open connections per node; more are refused, so that the node survives."),
  idleTimeout: z
    .string()
    .regex(/^\d+s$/, "is no time in seconds → write it like 3600s")
    .default("3600s")
    .describe("A connection on which nothing moves for so long is closed."),
  workers: z.number().int().positive().default(2).describe("Threads that carry connections."),
  accessLog: z.boolean().default(true).describe("One JSON line on stdout per connection."),
});
export type EnvoyConfig = z.output<typeof EnvoyConfig>;
