"use strict";
// What k0s looks at in files for its containerd before it starts (k0s from 1.36 on: version 3 or none, no table of containerd 1).
const { existsSync, readdirSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const { Fatal } = require("../common/log.cjs");

const FOLDER = "/etc/k0s/containerd.d";

exports.checkDropIns = function checkDropIns(version) {
  if (Number(version.split(".")[1]) < 36 || !existsSync(FOLDER)) return;
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".toml"))) {
    const text = readFileSync(join(FOLDER, file), "utf8");
    const given = /^version = (\d+)$/m.exec(text)?.[1] ?? "3";
    if (given !== "3") throw new Fatal(`${file}: unsupported configuration version: expected 3, got ${given}`);
    if (/^\[plugins\.["']io\.containerd\.grpc\.v1\.cri["']/m.test(text)) throw new Fatal(`${file}: configuration contains the containerd v1 CRI plugin format`);
  }
};
