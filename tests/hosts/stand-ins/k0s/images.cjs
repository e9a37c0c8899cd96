"use strict";
// Archives of images: each file of the folder is imported before a kubelet starts.
const { existsSync, readdirSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const { Fatal, log } = require("../common/log.cjs");

const FOLDER = "/var/lib/k0s/images";

exports.loadImages = function loadImages() {
  for (const name of existsSync(FOLDER) ? readdirSync(FOLDER) : []) {
    const file = join(FOLDER, name);
    if (!readFileSync(file, "utf8").startsWith("A stand-in for the images of ")) throw new Fatal(`failed to process OCI bundle: ${file}`);
    log(`OCI bundle ${file} loaded`);
  }
};
