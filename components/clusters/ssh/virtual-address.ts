import ipaddr from "ipaddr.js";
import * as z from "zod";
import { FIX } from "../../core/schema";

/** An address that moves between the servers, as every kind has it. */
export const virtualAddressFields = {
  address: z
    .string()
    .refine((value) => ipaddr.isValid(value), `is no IP address${FIX}write a free one of the servers' network, like 192.0.2.10`)
    .describe("A free address of the network that all servers are in; one of them holds it at a time."),
  interface: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]{0,14}$/, `is no network interface${FIX}write its name as "ip link" has it, like eth0`)
    .describe("Network interface of the servers that holds it, like eth0; the same on all of them."),
};

export interface VirtualAddress {
  address: string;
  interface: string;
}
