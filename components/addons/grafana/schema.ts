import * as z from "zod";
import { addonSchema, dnsLabel, FIX, secret } from "../../core/schema";
import { storage } from "../../core/storage";

const DatabaseConfig = z
  .strictObject({
    type: z.enum(["postgres", "mysql"]).describe("Kind of database."),
    host: z
      .string()
      .regex(/^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, `is no address with a port${FIX}write it like db.example.com:5432`)
      .describe("Host and port."),
    name: z.string().min(1).default("grafana").describe("Name of the database; it must exist."),
    user: z.string().min(1).default("grafana").describe("User who owns it."),
    password: secret().optional().describe("The user's password."),
    existingSecret: dnsLabel.optional().describe("Secret in its namespace that holds the password under `password`, made elsewhere."),
    tls: z
      .enum(["off", "require", "verify"])
      .default("require")
      .describe("off: in clear; require: encrypted; verify: and the server's certificate is checked."),
  })
  .superRefine((value, context) => {
    if ((value.password === undefined) === (value.existingSecret === undefined))
      context.addIssue({
        code: "custom",
        message: `names ${value.password === undefined ? "no password" : "its password twice"}${FIX}keep exactly one of: password, existingSecret`,
      });
  });

export const GrafanaConfig = addonSchema({
  adminPassword: secret().optional().describe("First password of the user admin; generated when left out, and then a secret output of the stack."),
  existingSecret: dnsLabel.optional().describe("Secret in its namespace with `admin-user` and `admin-password`, made elsewhere."),
  replicas: z.number().int().positive().optional().describe("Pods. More than one needs a database; with one, 2 in the profile ha, else 1."),
  storage: storage("1Gi").describe(
    "Volume for users, preferences and what people build by hand; none loses them with the pod. Without effect with a database.",
  ),
  database: DatabaseConfig.optional().describe("Keep all that in a database of yours instead, so that several pods can serve."),
}).superRefine((value, context) => {
  if (value.adminPassword !== undefined && value.existingSecret !== undefined)
    context.addIssue({ code: "custom", path: ["adminPassword"], message: `is given twice${FIX}keep adminPassword or existingSecret` });
  if ((value.replicas ?? 1) > 1 && value.database === undefined)
    context.addIssue({
      code: "custom",
      path: ["replicas"],
      message: `is more than one, but a volume with SQLite serves one pod only${FIX}set database: { type: postgres, host: ... }, or replicas: 1`,
    });
});
export type GrafanaConfig = z.output<typeof GrafanaConfig>;
