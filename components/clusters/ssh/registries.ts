import * as z from "zod";
import { FIX, secret } from "../../core/schema";
import { Proxy } from "./proxy";
import { pem } from "./schema";

const name = "[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\\d+)?";
const registry = z.string().regex(new RegExp(`^${name}$`, "i"), `is no registry${FIX}write its name with its port, like registry.example.com:5000`);
export const registryOrAll = z
  .string()
  .regex(new RegExp(`^(\\*|${name})$`, "i"), `is no registry${FIX}write its name with its port, like registry.example.com:5000, or "*" for all`);

const Access = z
  .strictObject({
    username: z.string().min(1).optional().describe("User there."),
    password: secret().optional().describe("Its password."),
    token: secret().optional().describe("An identity token, instead of user and password."),
    ca: pem("the CA of the registry").optional().describe("Certificate of the CA that it shows, PEM."),
    insecure: z.boolean().default(false).describe("Any certificate will do. Who is in between can then exchange images."),
  })
  .refine(({ username, password, token }) => (username === undefined) === (password === undefined) && !(username && token), {
    message: `names nobody who can sign in${FIX}give username and password, or token alone, or none of them`,
  });

export const mirrorFields = {
  endpoints: z
    .array(
      z.string().regex(/^https?:\/\/[^\s@]+$/, `is no address of a mirror${FIX}write it like https://registry.example.com:5000; who signs in goes into access`),
    )
    .min(1, `is empty${FIX}name a mirror, or take the registry out`)
    .describe("Addresses of mirrors, tried in this order."),
};

/** Where nodes get images, on every kind of cluster: for whom access may be given and what a mirror is differs. */
export const registriesFields = <Mirror extends z.ZodType>(accessName: z.ZodString, mirror: Mirror) => ({
  mirrors: z.record(registryOrAll, mirror).default({}).describe("Mirrors by registry, like docker.io; * for all others."),
  access: z.record(accessName, Access).default({}).describe("How a registry or mirror is signed in to and trusted, by name and port."),
  mirrorsOnly: z.boolean().default(false).describe("Registries that have mirrors are never asked themselves."),
});

/** Where nodes get images, for kinds that leave containerd as it is: it has no other names for images, and knows no access for all. */
export const Registries = z.strictObject(registriesFields(registry, z.strictObject(mirrorFields)));
export type Registries = z.output<typeof Registries>;

/** What is said to the containerd of a host, on kinds that leave it as it is. */
export const containerdFields = {
  registries: Registries.optional().describe("Where nodes get images: mirrors, and how registries are signed in to."),
  proxy: Proxy.optional().describe("A proxy for what hosts get from outside: releases, packages, images."),
};
