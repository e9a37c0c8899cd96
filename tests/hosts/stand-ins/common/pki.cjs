"use strict";
const { execFileSync } = require("node:child_process");
const { randomBytes } = require("node:crypto");
const { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { isIP } = require("node:net");
const { join } = require("node:path");

const openssl = (folder, ...args) => execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key"];

function inFolder(work) {
  mkdirSync("/run/bed-pki", { recursive: true, mode: 0o700 });
  const folder = mkdtempSync("/run/bed-pki/");
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
const pair = (folder) => ({ cert: readFileSync(join(folder, "cert"), "utf8"), key: readFileSync(join(folder, "key"), "utf8") });

exports.makeCa = (name) =>
  inFolder((folder) => {
    openssl(folder, "req", "-x509", ...newKey, "-out", "cert", "-days", "3650", "-subj", `/CN=${name}@${Math.floor(Date.now() / 1000)}`);
    return pair(folder);
  });

/** `names`: for a server; without them it is a client's. */
exports.makeCert = (ca, subject, names) =>
  inFolder((folder) => {
    writeFileSync(join(folder, "ca"), ca.cert);
    writeFileSync(join(folder, "ca-key"), ca.key);
    const use = names
      ? `extendedKeyUsage=serverAuth\nsubjectAltName=${[...new Set(names)].map((name) => `${isIP(name) ? "IP" : "DNS"}:${name}`).join(",")}`
      : "extendedKeyUsage=clientAuth";
    writeFileSync(join(folder, "extensions"), `${use}\n`);
    openssl(folder, "req", "-new", ...newKey, "-out", "request", "-subj", subject);
    const serial = `0x${randomBytes(8).toString("hex")}`;
    openssl(
      folder,
      "x509",
      "-req",
      "-in",
      "request",
      "-CA",
      "ca",
      "-CAkey",
      "ca-key",
      "-set_serial",
      serial,
      "-days",
      "365",
      "-extfile",
      "extensions",
      "-out",
      "cert",
    );
    return pair(folder);
  });
