import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { done, K0sHost, phases, refused, settings, V } from "../../../tests/k0s-host";
import { shells, type Ran } from "../../../tests/shell";
import { imagesSettings } from "../ssh/images";
import { imagesOf } from "./steps";

describe.each(shells)("options of k0s under $shell", ({ shell, missing }) => {
  let host: K0sHost;
  beforeEach(() => {
    host = new K0sHost(shell);
  });
  afterEach(() => host.close());

  describe.skipIf(missing)("images", () => {
    const archive = "var/lib/k0s/images/k0s-airgap-bundle.tar";
    const arch = process.arch === "arm64" ? "arm64" : "amd64";
    const step = (VERSION = V.now, more: object = {}): Ran =>
      host.run(phases.images, { ...settings, VERSION, ...imagesSettings("k0s", true, imagesOf(VERSION)), ...more });

    it("puts the archive there, whatever the release calls it, exchanges it with the version, and takes it away again", () => {
      done(step(V.old));
      expect(host.read(archive)).toBe(`images ${V.old}`);
      expect(step(V.old)).toEqual({ code: 0, stdout: "", stderr: "" });
      done(step());
      expect(host.read(archive)).toBe(`images ${V.now}`);
      expect(readdirSync(join(host.root, "var/lib/k0s"))).toEqual(["images"]);
      expect(readdirSync(join(host.root, "var/lib/k0s/images"))).toEqual(["k0s-airgap-bundle.tar"]);
      expect(statSync(join(host.root, "var/lib/k0s")).mode & 0o777).toBe(0o755);
      done(step(V.now, { AIRGAP: "no" }));
      expect(host.has(archive)).toBe(false);
      expect(host.changes()).toHaveLength(3);
    });

    it("gets it from a mirror, whose addresses have no plus", () => {
      host.release("mirror", "v1.36.3%2Bk0s.2", undefined, V.now);
      done(step(V.now, { ARTIFACTS: "https://mirror.example.com/" }));
      expect(host.read("facts/curl")).toContain(`v1.36.3%2Bk0s.2/k0s-airgap-bundle-v1.36.3%2Bk0s.2-linux-${arch}.tar\n`);
    });

    it("refuses an archive that is another, or that the release does not name", () => {
      host.write(`srv/artifacts/${V.now}/k0s-airgap-bundle-${V.now}-linux-${arch}.tar`, "half");
      refused(step(), `the checksum of k0s-airgap-bundle-${V.now}-linux-${arch}.tar ${V.now} is wrong`);
      host.write(`srv/artifacts/${V.now}/sha256sums.txt`, `${"0".repeat(64)} *k0s-${V.now}-${arch}\n`);
      refused(step(), `the list of checksums of k0s ${V.now} names no archive of images for ${arch}`);
      expect(host.has(archive)).toBe(false);
    });
  });
});
