import { describe, expect, it, test } from "vitest";
import { protectedKinds } from "../safety/protected";
import { violation } from "./protect";

const seen = (type: string, protect: boolean, name = "main") => ({ type, name, urn: `urn:pulumi:dev::p::${type}::${name}`, opts: { protect } });
const asked = protectedKinds.filter(({ protect }) => protect).flatMap(({ types }) => types);
const others = protectedKinds.filter(({ protect }) => !protect).flatMap(({ types }) => types);

describe("the policy `protected`", () => {
  test.each(asked.map((type) => [type]))("asks %s for protect", (type) => {
    expect(violation(seen(type, false))).toContain(`${type} main is a `);
    expect(violation(seen(type, true))).toBeUndefined();
  });

  test.each([...others, "random:index/randomId:RandomId"].map((type) => [type]))("asks %s for nothing", (type) => {
    expect(violation(seen(type, false, type.startsWith("pulumi:") ? "cluster" : "main-drain"))).toBeUndefined();
  });

  it("asks for every kind it promises", () => {
    expect(protectedKinds.filter(({ protect }) => protect).map(({ id }) => id)).toEqual(["cluster", "network", "subnet", "volume", "bucket", "key", "zone"]);
  });

  it("lets through exactly what is allowed, by URN or type", () => {
    const bucket = seen("aws:s3/bucket:Bucket", false);
    expect(violation(bucket, [bucket.urn])).toBeUndefined();
    expect(violation(bucket, [bucket.type])).toBeUndefined();
    expect(violation(bucket, [`${bucket.urn}s`, "aws:s3/bucket", "main"])).toContain("What would be lost: every object in it");
  });
});
