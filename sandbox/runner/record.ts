import type { Outcome, ProgramNames, Registration, RegistrationOptions } from "./monitor";
import { mask, nameOf, reveal, runProgram, secretValue } from "./monitor";

/** A resource of a program that was only recorded. */
export interface RecordedResource {
  type: string;
  name: string;
  urn: string;
  /** Name of the parent; left out at the top. */
  parent?: string;
  /** Names of what it waits for; a dependency on a component shows as its children. */
  dependsOn: string[];
  /** Name of its provider. */
  provider?: string;
  /** Inputs, every secret masked. */
  inputs: any;
  options: RegistrationOptions;
}

/** The SDK takes a stack trace for every promise it makes: with Node's ten frames a quarter of the time of a large plan. */
const FRAMES = 3;

/**
 * Runs a program without effects and gives what it would make. Outputs are made up, so that `apply` runs; generated values
 * are fixed texts. Works again and again in one process.
 */
export async function recordProgram(run: () => Promise<unknown>, names: ProgramNames = {}): Promise<RecordedResource[]> {
  const recorded: RecordedResource[] = [];
  const frames = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  try {
    await runProgram(
      run,
      {
        register: async (registration) => {
          recorded.push(describe(registration));
          return sample(registration);
        },
        read: async (_type, name, id) => ({ id, state: { metadata: { name } } }),
      },
      names,
    );
  } finally {
    Error.stackTraceLimit = frames;
  }
  return recorded;
}

function describe(registration: Registration): RecordedResource {
  const { urn, type, name, parent, provider, options } = registration;
  return {
    type,
    name,
    urn,
    ...(parent ? { parent: nameOf(parent) } : {}),
    dependsOn: [...new Set(registration.dependencies.map(nameOf))].sort(),
    ...(provider ? { provider: nameOf(provider) } : {}),
    inputs: mask(registration.inputs),
    options: {
      ...options,
      ...(options.deletedWith ? { deletedWith: nameOf(options.deletedWith) } : {}),
      ...(options.replaceWith ? { replaceWith: options.replaceWith.map(nameOf) } : {}),
    },
  };
}

const SAMPLE_KUBECONFIG = `apiVersion: v1
kind: Config
current-context: sample
clusters: [{ name: sample, cluster: { server: "https://sample.invalid" } }]
contexts: [{ name: sample, context: { cluster: sample, user: sample } }]
users: [{ name: sample, user: { token: sample } }]
`;

const SAMPLE_PEM = "-----BEGIN SAMPLE-----\nsample\n-----END SAMPLE-----\n";

/** Outputs of generating resources, as fixed texts of the right shape. */
const samples: Record<string, Record<string, unknown>> = {
  "random:index/randomPassword:RandomPassword": {
    result: secretValue("sample-password"),
    bcryptHash: secretValue("$2a$10$samplesamplesamplesampleesamplesamplesamplesamplesamp"),
  },
  "random:index/randomString:RandomString": { result: "sample" },
  "random:index/randomBytes:RandomBytes": { base64: secretValue("c2FtcGxl"), hex: secretValue("73616d706c65") },
  "random:index/randomId:RandomId": { b64Std: "c2FtcGxl", b64Url: "c2FtcGxl", dec: "126879297332325", hex: "73616d706c65" },
  "random:index/randomUuid:RandomUuid": { result: "00000000-0000-4000-8000-000000000000" },
  "tls:index/privateKey:PrivateKey": {
    privateKeyPem: secretValue(SAMPLE_PEM),
    privateKeyPemPkcs8: secretValue(SAMPLE_PEM),
    publicKeyPem: SAMPLE_PEM,
    publicKeyOpenssh: "ssh-sample",
    privateKeyOpenssh: secretValue(SAMPLE_PEM),
  },
  "command:remote:Command": { stdout: secretValue("sample"), stderr: secretValue("") },
  // Those of ours get kubeconfigs.
  "command:local:Command": { stdout: secretValue(SAMPLE_KUBECONFIG), stderr: secretValue("") },
  "aws:eks/cluster:Cluster": {
    arn: "arn:aws:eks:eu-west-1:123456789012:cluster/sample",
    endpoint: "https://sample.eks.invalid",
    certificateAuthority: { data: "c2FtcGxl" },
    identities: [{ oidcs: [{ issuer: "https://oidc.eks.invalid/id/SAMPLE" }] }],
  },
  "aws:route53/zone:Zone": { zoneId: "ZSAMPLE", nameServers: ["ns-1.sample.invalid"] },
  "gcp:dns/managedZone:ManagedZone": { nameServers: ["ns-1.sample.invalid."] },
  "gcp:serviceaccount/account:Account": { email: "sample@sample.iam.gserviceaccount.com" },
  "tls:index/certRequest:CertRequest": { certRequestPem: SAMPLE_PEM },
  "tls:index/selfSignedCert:SelfSignedCert": { certPem: SAMPLE_PEM },
  "tls:index/locallySignedCert:LocallySignedCert": { certPem: SAMPLE_PEM },
};

export function sample(registration: Registration): Outcome {
  const { type, name, inputs, custom } = registration;
  const made = samples[type];
  if (made) return { id: name, state: { ...inputs, ...made } };
  if (type === "kubernetes:helm.sh/v3:Release") {
    const {
      name: release = name,
      namespace = "default",
      chart,
      version,
    } = reveal({ name: inputs.name, namespace: inputs.namespace, chart: inputs.chart, version: inputs.version });
    return { id: `${namespace}/${release}`, state: { ...inputs, status: { name: release, namespace, chart, version, revision: 1, status: "deployed" } } };
  }
  if (inputs.kind !== undefined && inputs.apiVersion !== undefined) {
    const metadata = (inputs.metadata ?? {}) as Record<string, unknown>;
    const status = inputs.kind === "Service" ? { status: { loadBalancer: { ingress: [{ ip: "198.51.100.1" }] } } } : {};
    return {
      id: [metadata.namespace, metadata.name ?? name].filter(Boolean).join("/"),
      state: { ...status, ...inputs, metadata: { ...metadata, name: metadata.name ?? name, uid: `sample-${name}` } },
    };
  }
  // Much of what is made in AWS is called by its ARN.
  if (type.startsWith("aws:")) return { id: name, state: { arn: `arn:aws:sample:eu-west-1:123456789012:${name}`, ...inputs } };
  return custom ? { id: name, state: inputs } : { state: inputs };
}
