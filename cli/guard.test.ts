import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { OWN, protectedKinds } from "../components/safety/protected";
import { guardText, judge } from "./guard";
import { partsOf, readPreview } from "./preview";

const text = (name: string): string => readFileSync(join(__dirname, "..", "tests", "previews", `${name}.json`), "utf8");
const real = (name: string) => judge(readPreview(text(name)));

const NETWORK = "random:index/randomId:RandomId";
const BUCKET = "random:index/randomPet:RandomPet";
/** Derived, not recorded: a real document in which the types of the cloud stand where the engine had small ones. */
const derived = (name: string, types: Record<string, string>, allow?: string[]) =>
  judge(readPreview(Object.entries(types).reduce((document, [from, to]) => document.replaceAll(from, to), text(name))), allow);

const short = ({ losses }: ReturnType<typeof judge>) => losses.map(({ kind, name, step, severity, because }) => [kind, name, step, severity, because.join()]);

describe("documents of the real engine", () => {
  it("finds the Kubernetes provider that would be made anew, with what forces it", () => {
    const judgement = real("replace");
    expect(judgement.ok).toBe(false);
    expect(short(judgement)).toEqual([["cluster-access", "cluster", "replace", "error", "kubeconfig"]]);
  });

  it("counts a replacement once when all its steps are shown", () => {
    expect(real("replacement-steps")).toEqual(real("replace"));
  });

  it("finds what leaves the program", () => {
    expect(short(real("delete"))).toEqual([["cluster-access", "cluster", "delete", "error", ""]]);
  });

  it("finds what the state protects whatever its type, also where the same run takes the protection away", () => {
    for (const name of ["refused", "unprotected-at-once"])
      expect(short(real(name)), name).toEqual([
        ["cluster-access", "cluster", "replace", "error", "kubeconfig"],
        ["protected", "network", "replace", "error", "byteLength"],
        ["protected", "bucket", "delete", "warning", ""],
      ]);
    // The engine itself refuses only what is still protected after the run, and deletions.
    expect(real("refused").failures.join()).toContain("unable to replace resource");
    expect(real("unprotected-at-once").failures.join()).not.toContain("unable to replace resource");
  });

  it("tells when protection goes, and passes", () => {
    const { ok, losses, unprotected } = real("unprotected");
    expect({ ok, losses, names: unprotected.map((urn) => partsOf(urn).name) }).toEqual({ ok: true, losses: [], names: ["network", "bucket"] });
  });

  it("never passes a preview that failed, though its steps are harmless", () => {
    expect(real("failed")).toMatchObject({ ok: false, losses: [], failures: [expect.stringContaining("no such thing")] });
  });
});

describe("the types of the list", () => {
  const cases = protectedKinds.flatMap((kind) => (kind.name ? [] : kind.types.map((type) => [type, kind] as const)));
  test.each(cases)("%s", (type, kind) => {
    expect(derived("replace", { [NETWORK]: type }).losses).toContainEqual(
      expect.objectContaining({ type, name: "network", step: "replace", kind: kind.id, severity: kind.severity, because: ["byteLength"] }),
    );
    expect(derived("delete", { [BUCKET]: type }).losses).toContainEqual(expect.objectContaining({ type, name: "bucket", step: "delete", kind: kind.id }));
  });

  it("knows hosts by their drain, and no other provider or command", () => {
    const named = (type: string, name: string) =>
      derived("delete", {
        "pulumi:providers:kubernetes::cluster": "pulumi:providers:kubernetes::garden",
        "RandomPet::bucket": `RandomPet::${name}`,
        [BUCKET]: type,
      });
    expect(short(named("command:remote:Command", "agent-21-drain"))).toEqual([["host", "agent-21-drain", "delete", "warning", ""]]);
    expect(named("command:remote:Command", "agent-21-preflight")).toMatchObject({ ok: true, losses: [] });
  });

  it("has them from the providers, spelt as they are", async () => {
    const clouds = cases.map(([type]) => type).filter((type) => /^(gcp|aws):/.test(type));
    expect(clouds.length).toBeGreaterThan(15);
    for (const type of clouds) {
      const [provider, path, name] = type.split(":") as [string, string, string];
      const module = (await import(`@pulumi/${provider}/${path}.js`)) as Record<string, { __pulumiType: string }>;
      expect(module[name]!.__pulumiType).toBe(type);
    }
  }, 60_000);
});

describe("what is let through", () => {
  const types = { [NETWORK]: "gcp:container/cluster:Cluster", [BUCKET]: "gcp:storage/bucket:Bucket", "pulumi:providers:kubernetes": "pulumi:providers:gcp" };
  const cluster = "urn:pulumi:dev::guard::bearstack:clusters:Gke$gcp:container/cluster:Cluster::network";

  it.each([
    ["nothing", [], false],
    ["one URN of two", [cluster], false],
    ["both, one by its type", [cluster, "gcp:storage/bucket:Bucket"], true],
    ["a part of a URN is none", ["network", "Cluster::network"], false],
  ])("%s", (_what, allow, ok) => {
    expect(derived("replace", types, allow).ok).toBe(ok);
  });

  it("says which --allow names nothing, and that allowed things go", () => {
    const judgement = derived("replace", types, [cluster, "gcp:storage/bucket:Bucket", "aws:eks/cluster:Cluster"]);
    expect(judgement.unused).toEqual(["aws:eks/cluster:Cluster"]);
    expect(guardText(judgement)).toContain(`Allowed: replace ${cluster}, delete urn:`);
    expect(guardText(judgement)).toContain("take it out: aws:eks/cluster:Cluster");
  });

  it("is fine with retainOnDelete for a deletion, not for a replacement", () => {
    const kept = derived("refused", { [BUCKET]: "aws:s3/bucket:Bucket" }).losses.find(({ name }) => name === "bucket");
    expect(kept).toMatchObject({ kind: "bucket", severity: "warning", lost: expect.stringContaining("Pulumi forgets it") });
    const document = text("replace")
      .replaceAll(NETWORK, "aws:s3/bucket:Bucket")
      .replaceAll(/"custom": true/g, '"custom": true, "retainOnDelete": true');
    expect(judge(readPreview(document)).losses).toContainEqual(expect.objectContaining({ name: "network", step: "replace", severity: "error" }));
  });

  it("takes a step it does not know for a replacement", () => {
    const document = text("unprotected").replace(/"op": "same"(?=[^]*?randomId)/g, '"op": "transmogrify"');
    expect(short(judge(readPreview(document)))).toContainEqual([OWN.id, "network", "replace", "error", ""]);
  });
});

describe("what is no preview", () => {
  test.each([
    ["", "input is empty"],
    [" \n", "input is empty"],
    [text("replace").slice(0, 400), "only a part of it"],
    ['{"sequence":0,"timestamp":1}\n{"sequence":1}', "stream of events"],
    ["{}", "no preview of Pulumi"],
    ["[]", "no preview of Pulumi"],
    ["null", "no preview of Pulumi"],
    ['{"steps":[{"urn":"a"}]}', "no preview of Pulumi"],
    ['{"version":3,"deployment":{}}', "no preview of Pulumi"],
  ])("%s", (input, problem) => {
    expect(() => readPreview(input)).toThrow(problem);
  });

  it("counts only diagnostics, or a state that may be corrupt, as a failure", () => {
    expect(judge(readPreview('{"diagnostics":[{"message":"hm","severity":"warning"}]}'))).toMatchObject({ ok: false, failures: ["it has no steps"] });
    expect(judge(readPreview('{"steps":[],"maybeCorrupt":true}')).ok).toBe(false);
    expect(judge(readPreview('{"steps":[],"changeSummary":{"same":3}}')).ok).toBe(true);
  });
});

describe("the text", () => {
  it("is an aligned table with the way out, and says how to allow exactly that", () => {
    const [, , head, row, cure] = guardText(real("replace")).split("\n");
    expect(head).toMatch(/^RESOURCE +STEP +BECAUSE +WHAT IS LOST$/);
    expect(row).toMatch(/^pulumi:providers:kubernetes cluster +replace +kubeconfig +every object of the platform/);
    expect(row!.indexOf("replace")).toBe(head!.indexOf("STEP"));
    expect(cure).toMatch(/^ {2}→ cluster-access: /);
    expect(guardText(real("replace"))).toContain("  --allow 'urn:pulumi:dev::guard::bearstack:clusters:Gke$pulumi:providers:kubernetes::cluster'");
  });

  it("shows no value of any property", () => {
    const document = text("replace").replaceAll(/"(byteLength|version)": ("[^"]*"|\d+)/g, '"$1": "canary-value"');
    expect(document).toContain("canary-value");
    const judgement = judge(readPreview(document));
    expect(guardText(judgement) + JSON.stringify(judgement)).not.toContain("canary-value");
  });
});

test("names with colons keep them", () => {
  expect(partsOf("urn:pulumi:dev::p::a:b:C$gcp:kms/cryptoKey:CryptoKey::one::two")).toEqual({ type: "gcp:kms/cryptoKey:CryptoKey", name: "one::two" });
});
