import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";
import { RandomId } from "@pulumi/random";
import { beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { addons } from "../components/addons/registry";
import { slotNames } from "../components/core/slots";
import { recordProgram, type RecordedResource } from "../sandbox/runner/record";
import { checkStackOrThrow } from "../stacks/check";
import { deploy } from "../stacks/program";
import { parseStackText } from "../stacks/stack-file";
import { clusterConfigs, full } from "./configs";
import { eksStacks, gkeStacks, people, secretStacks, wholePlatform, type StackFile } from "./full-stacks";

const file = join(__dirname, "frozen-names.json");

/** Adds what is new to the fixture. Nothing takes anything out of it. */
const ADD = "BEAR_FREEZE=1 npx vitest run tests/frozen-names.test.ts";

const existing = { existing: { kubeconfig: "~/.kube/config", networkPolicies: true, nodes: 3 } };
const defaults = { domain: "dev.example.com", ...Object.fromEntries(full.map(({ slot, choice }) => [slot, choice])) };

const onExisting = (name: string, platform: object, more: object = {}): StackFile => ({
  name,
  config: { "bearstack:cluster": existing, "bearstack:platform": { ...defaults, ...platform }, ...more },
});

const acme = (proof: object): object => ({ certificates: { "cert-manager": { acme: { email: "ops@example.com", ...proof } } } });

/** Each knob an add-on lists, moved in a platform that is otherwise at its defaults. */
const knobs = Object.values(addons).flatMap((addon) =>
  (addon.knobs ?? []).map((knob) => {
    // What only others pull in is set up by the platform of its knob.
    const slot = slotNames.find((name) => addon.slots.includes(name));
    return onExisting(`${addon.name}: ${knob.name}`, { ...(slot ? { [slot]: { [addon.name]: knob.config ?? {} } } : {}), ...knob.platform });
  }),
);

const s3 = { s3: { bucket: "logs", region: "eu-west-1" } };
const gcs = { gcs: { bucket: "logs" } };

/** Rights in the cloud of a cluster that is made elsewhere. */
const rightsElsewhere: readonly StackFile[] = [
  { reference: { stack: "acme/cluster/prod", networkPolicies: true, eks: { region: "eu-west-1" } }, objects: s3 },
  { reference: { stack: "acme/cluster/prod", networkPolicies: true, gke: { project: "acme-prod" } }, objects: gcs },
  { existing: { ...existing.existing, eks: { region: "eu-west-1", name: "prod" } }, objects: s3 },
  { existing: { ...existing.existing, gke: { project: "acme-prod" } }, objects: gcs },
].map(({ objects, ...cluster }) => ({
  name: `rights on ${JSON.stringify(cluster)}`,
  config: { "bearstack:cluster": cluster, "bearstack:platform": { logs: { loki: { objects } } } },
}));

/** Stacks that between them make every resource the program can make. */
const stacks: readonly StackFile[] = [
  onExisting("defaults", {}, people),
  { name: "sandbox", config: { "bearstack:cluster": "sandbox", "bearstack:platform": { ...wholePlatform, certificates: "cert-manager" } } },
  { name: "cluster and teams only", config: { "bearstack:cluster": existing, ...people } },
  { name: "the cluster of another stack", config: { "bearstack:cluster": { reference: clusterConfigs.reference }, ...people } },
  ...rightsElsewhere,
  onExisting("behind a load balancer", { exposure: "cloud", ingress: { traefik: { dashboard: true, gatewayApi: true } } }),
  onExisting("on host ports", { exposure: "hostport" }),
  onExisting("profile ha", { profile: "ha" }, people),
  onExisting("mirror and pull secrets", { imageMirror: "mirror.example.com", pullSecrets: ["pull"] }),
  onExisting("without policies", {}, { ...people, "bearstack:security": { networkPolicies: "none" } }),
  onExisting("acme by http", acme({ http01: {} })),
  onExisting("acme by Gateway", acme({ http01: { gateway: { name: "web", namespace: "traefik" } } })),
  onExisting("self-signed", { certificates: { "cert-manager": { selfSigned: {} } } }),
  onExisting("Secrets made elsewhere", {
    dashboards: { grafana: { existingSecret: "login" } },
    metrics: { prometheus: { alertmanager: { existingSecret: "receivers" } } },
  }),
  ...secretStacks,
  ...eksStacks,
  ...gkeStacks,
  ...knobs,
];

/** Types from the root down and the name: what the state knows a resource by. Stack and project are left out. */
function keyOf(urn: string): string {
  return urn.split("::").slice(2).join("::");
}

function record({ config }: StackFile): Promise<RecordedResource[]> {
  const raw = parseStackText(stringify({ config }), "test", "Pulumi.test.yaml", (path) => path);
  const checked = checkStackOrThrow(raw);
  return recordProgram(() => deploy(checked, { offline: true, charts: {} }), { stack: "test" });
}

interface Names {
  now: Set<string>;
  /** What aliases say they were. */
  before: Set<string>;
}

/** Resources that a running stack would lose, and those it would not know. */
function compare(frozen: readonly string[], { now, before }: Names): { lost: string[]; added: string[] } {
  return {
    lost: frozen.filter((key) => !now.has(key) && !before.has(key)),
    added: [...now].filter((key) => !frozen.includes(key)).sort(),
  };
}

const frozen = JSON.parse(readFileSync(file, "utf8")) as string[];
let names: Names;

beforeAll(async () => {
  names = { now: new Set(), before: new Set() };
  for (const stack of stacks) {
    for (const { urn, options } of await record(stack)) {
      names.now.add(keyOf(urn));
      for (const alias of options.aliases ?? []) names.before.add(keyOf(alias));
    }
  }
  const { added } = compare(frozen, names);
  if (!process.env.BEAR_FREEZE || added.length === 0) return;
  frozen.push(...added);
  writeFileSync(file, `${JSON.stringify(frozen.sort(), undefined, 2)}\n`);
}, 120_000);

describe("types and names of the full platform", () => {
  test("each that was ever released is still made, or an alias says what became of it", () => {
    expect(
      compare(frozen, names).lost,
      `An upgrade would delete these in running stacks and make them anew, data and all. Give the resource that took the place of each an alias: ` +
        `{ aliases: [{ name: "<old name>" }] }, or { type }, { parent }. One that shall go is taken out of ${basename(file)} by hand.`,
    ).toEqual([]);
  });

  test("each that is made is in the fixture, from its first release on", () => {
    expect(compare(frozen, names).added, `New resources: are type and name what they shall be for good? Then run: ${ADD}`).toEqual([]);
  });

  test("every add-on and every layer is in it", () => {
    const components = frozen.filter((key) => /^bearstack:[a-z]+:[A-Za-z]+::/.test(key)).map((key) => key.slice(key.indexOf("::") + 2));
    expect(components).toEqual(expect.arrayContaining(Object.keys(addons)));
    expect(components).toEqual(expect.arrayContaining(["cluster", "security", "tenants", "pages", "certificates"]));
  });

  test("the fixture is sorted and names nothing twice", () => {
    expect(frozen).toEqual([...new Set(frozen)].sort());
  });
});

describe("a change of names", () => {
  class Part extends ComponentResource {
    constructor(type: string, name: string, opts: ComponentResourceOptions = {}) {
      super(type, name, {}, opts);
      new RandomId(`${name}-id`, { byteLength: 2 }, { parent: this });
    }
  }
  const made = async (program: () => unknown): Promise<Names> => {
    const resources = await recordProgram(async () => void program());
    return {
      now: new Set(resources.map(({ urn }) => keyOf(urn))),
      before: new Set(resources.flatMap(({ options }) => options.aliases ?? []).map(keyOf)),
    };
  };
  const was = ["test:index:Part$random:index/randomId:RandomId::part-id", "test:index:Part::part"];

  test("is found, with the children that go with it", async () => {
    expect(compare(was, await made(() => new Part("test:index:Part", "part")))).toEqual({ lost: [], added: [] });
    const renamed = await made(() => new Part("test:index:Other", "part"));
    expect(compare(was, renamed)).toEqual({ lost: was, added: was.map((key) => key.replace("Part", "Other")) });
  });

  test("passes with an alias, and the new names are new ones", async () => {
    const aliased = await made(() => new Part("test:index:Other", "other", { aliases: [{ type: "test:index:Part", name: "part" }] }));
    expect(compare(was, aliased)).toEqual({ lost: [], added: ["test:index:Other$random:index/randomId:RandomId::other-id", "test:index:Other::other"] });
  });
});
