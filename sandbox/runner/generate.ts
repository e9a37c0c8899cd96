import { createHash, generateKeyPairSync, randomBytes, randomInt, randomUUID, type KeyObject } from "node:crypto";
import { hash } from "bcryptjs";
import { secretValue } from "./monitor";

type Inputs = Record<string, any>;
type Outputs = Record<string, unknown>;

/** Names of outputs that are secret, by type; `random` and `tls` providers mark the same. */
const secrets: Record<string, readonly string[]> = {
  RandomPassword: ["result", "bcryptHash"],
  RandomBytes: ["base64", "hex"],
  PrivateKey: ["privateKeyPem", "privateKeyPemPkcs8"],
};

const makers: Record<string, (inputs: Inputs) => Outputs | Promise<Outputs>> = {
  "random:index/randomPassword:RandomPassword": async (inputs) => {
    const result = text(inputs);
    return { result, bcryptHash: await hash(result, 10) };
  },
  "random:index/randomString:RandomString": (inputs) => ({ result: text(inputs) }),
  "random:index/randomBytes:RandomBytes": (inputs) => {
    const bytes = randomBytes(inputs.length);
    return { base64: bytes.toString("base64"), hex: bytes.toString("hex") };
  },
  "random:index/randomId:RandomId": (inputs) => {
    const bytes = randomBytes(inputs.byteLength);
    const prefix: string = inputs.prefix ?? "";
    const hex = bytes.toString("hex");
    return {
      b64Std: prefix + bytes.toString("base64"),
      b64Url: prefix + bytes.toString("base64url"),
      hex: prefix + hex,
      dec: prefix + BigInt(`0x${hex}`).toString(),
    };
  },
  "random:index/randomUuid:RandomUuid": () => ({ result: randomUUID() }),
  "random:index/randomInteger:RandomInteger": (inputs) => ({ result: randomInt(inputs.min, inputs.max + 1) }),
  "tls:index/privateKey:PrivateKey": (inputs) => privateKey(inputs),
};

/** Whether a type is a value made once and then kept. */
export function canGenerate(type: string): boolean {
  return type in makers;
}

/** Makes the outputs of a generating resource, in clear. */
export async function generate(type: string, inputs: Inputs): Promise<Outputs> {
  return makers[type]!(inputs);
}

/** Marks the outputs that must stay secret. */
export function withSecrets(type: string, outputs: Outputs): Outputs {
  const names = secrets[type.slice(type.lastIndexOf(":") + 1)] ?? [];
  return Object.fromEntries(Object.entries(outputs).map(([key, value]) => [key, names.includes(key) ? secretValue(value) : value]));
}

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";
/** The special characters of the random provider's default (terraform-provider-random, `override_special`). */
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

/** A random text by the rules of RandomPassword and RandomString: classes on by default, each with its minimum. */
function text(inputs: Inputs): string {
  const classes = [
    { on: inputs.lower ?? true, letters: LOWER, least: inputs.minLower ?? 0 },
    { on: inputs.upper ?? true, letters: LOWER.toUpperCase(), least: inputs.minUpper ?? 0 },
    { on: inputs.numeric ?? inputs.number ?? true, letters: DIGITS, least: inputs.minNumeric ?? 0 },
    { on: inputs.special ?? true, letters: inputs.overrideSpecial || SPECIAL, least: inputs.minSpecial ?? 0 },
  ].filter((one) => one.on);
  const all = classes.map((one) => one.letters).join("");
  const picked = classes.flatMap((one) => Array.from({ length: one.least }, () => pick(one.letters)));
  while (picked.length < inputs.length) picked.push(pick(all));
  for (let i = picked.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [picked[i], picked[j]] = [picked[j]!, picked[i]!];
  }
  return picked.join("");
}

function pick(letters: string): string {
  return letters[randomInt(letters.length)]!;
}

const CURVES: Record<string, string> = { P224: "secp224r1", P256: "prime256v1", P384: "secp384r1", P521: "secp521r1" };

function privateKey(inputs: Inputs): Outputs {
  const [key, pub] = keyPair(inputs);
  const algorithm: string = inputs.algorithm;
  const pkcs8 = key.export({ type: "pkcs8", format: "pem" }) as string;
  const own =
    algorithm === "RSA"
      ? (key.export({ type: "pkcs1", format: "pem" }) as string)
      : algorithm === "ECDSA"
        ? (key.export({ type: "sec1", format: "pem" }) as string)
        : pkcs8;
  return {
    privateKeyPem: own,
    privateKeyPemPkcs8: pkcs8,
    publicKeyPem: pub.export({ type: "spki", format: "pem" }),
    publicKeyFingerprintSha256: `SHA256:${createHash("sha256")
      .update(pub.export({ type: "spki", format: "der" }))
      .digest("base64")}`,
  };
}

function keyPair(inputs: Inputs): [KeyObject, KeyObject] {
  const make = (): { privateKey: KeyObject; publicKey: KeyObject } => {
    if (inputs.algorithm === "RSA") return generateKeyPairSync("rsa", { modulusLength: inputs.rsaBits ?? 2048 });
    if (inputs.algorithm === "ECDSA") return generateKeyPairSync("ec", { namedCurve: CURVES[inputs.ecdsaCurve ?? "P224"]! });
    if (inputs.algorithm === "ED25519") return generateKeyPairSync("ed25519");
    throw new Error(`the key algorithm ${String(inputs.algorithm)} needs the Pulumi engine`);
  };
  const pair = make();
  return [pair.privateKey, pair.publicKey];
}
