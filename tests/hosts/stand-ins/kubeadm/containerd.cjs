// A stand-in for containerd in the hosts of the test bed, whose kernel runs no containers for them.
//
// It keeps: `--version`; that it ends on a config it cannot be given (another version of the format); the CRI on its socket as far
// as kubeadm asks for it: Version, Status with RuntimeReady, and NetworkReady once there is a config of a CNI plugin, RuntimeConfig with the cgroup driver of the config, ImageStatus and
// PullImage, which remember what was pulled, and the sandboxes that `kubeadm reset` lists, stops and removes, which are the
// processes that the stand-in of the kubelet started.
//
// It does not prove: that the real one takes the config, images, runc, snapshots, the network of pods.
"use strict";
const { createServer } = require("node:http2");
const { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { setTimeout: sleep } = require("node:timers/promises");
const { RECORDS, lives, readRecords } = require("./static-pods.cjs");

const SOCKET = "/run/containerd/containerd.sock";
const CONFIG = "/etc/containerd/config.toml";
const CNI = "/etc/cni/net.d";
const IMAGES = "/var/lib/containerd/bed-images";

/** Fields of a protobuf message: texts and messages by length, numbers and booleans as varints below 128. */
const field = (number, value) => {
  if (typeof value === "number" || typeof value === "boolean") return Buffer.from([number << 3, Number(value)]);
  const bytes = Buffer.from(value);
  const size = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    size.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...size]), bytes]);
};
const message = (...fields) => Buffer.concat(fields);

/** The text of the first field, of a message in the first field where it lies that deep. */
function textOf(bytes, depth = 1) {
  const inner = bytes.subarray(2, 2 + bytes[1]);
  return depth === 1 ? inner.toString() : textOf(inner, depth - 1);
}

const images = () => (existsSync(IMAGES) ? readFileSync(IMAGES, "utf8").split("\n").filter(Boolean) : []);

function answers(version) {
  const config = () => readFileSync(CONFIG, "utf8");
  const systemd = () => /^\s*SystemdCgroup = true$/m.test(config());
  const sandboxImage = () => /^\s*sandbox(?:_image)? = ['"](.*)['"]$/m.exec(config())?.[1] ?? "";
  const condition = (type, state) => field(1, message(field(1, type), field(2, state)));
  const network = () => existsSync(CNI) && readdirSync(CNI).some((file) => /\.conf(list)?$/.test(file));
  return {
    "RuntimeService/Version": () => message(field(1, "0.1.0"), field(2, "containerd"), field(3, version), field(4, "v1")),
    "RuntimeService/Status": () =>
      message(
        field(1, message(condition("RuntimeReady", true), condition("NetworkReady", network()))),
        field(2, message(field(1, "config"), field(2, JSON.stringify({ sandboxImage: sandboxImage() })))),
      ),
    "RuntimeService/RuntimeConfig": () => message(field(1, systemd() ? message() : message(field(1, 1)))),
    "RuntimeService/ListPodSandbox": () =>
      message(
        ...readRecords()
          .filter(lives)
          .map(({ name }) => field(1, message(field(1, name)))),
      ),
    "RuntimeService/StopPodSandbox": async (request) => {
      const record = readRecords().find(({ name }) => name === textOf(request));
      for (let tries = 0; record && lives(record) && tries < 200; tries += 1) {
        process.kill(record.pid, "SIGKILL"); // the real one does not ask either
        await sleep(50);
      }
      return message();
    },
    "RuntimeService/RemovePodSandbox": (request) => {
      rmSync(join(RECORDS, `${textOf(request)}.json`), { force: true });
      return message();
    },
    "ImageService/ImageFsInfo": () => message(),
    "ImageService/ImageStatus": (request) => {
      const image = textOf(request, 2);
      return images().includes(image) ? message(field(1, message(field(1, image), field(4, 1)))) : message();
    },
    "ImageService/PullImage": (request) => {
      const image = textOf(request, 2);
      writeFileSync(IMAGES, [...new Set([...images(), image])].join("\n"));
      return message(field(1, image));
    },
  };
}

exports.main = function main(version) {
  if (process.argv[2] === "--version") return console.log(`containerd github.com/containerd/containerd/v2 ${version} stand-in`);
  process.title = "containerd";
  const format = existsSync(CONFIG) ? /^version = (\d)$/m.exec(readFileSync(CONFIG, "utf8"))?.[1] : "3";
  if (format !== (version.startsWith("v2") ? "3" : "2")) {
    console.error(`containerd: expected another version of the config than ${format}`);
    process.exit(1);
  }
  mkdirSync("/run/containerd", { recursive: true });
  mkdirSync("/var/lib/containerd", { recursive: true });
  rmSync(SOCKET, { force: true });
  const methods = answers(version);
  const server = createServer();
  server.on("stream", (stream, headers) => {
    const parts = [];
    stream.on("data", (part) => parts.push(part));
    stream.on("error", () => undefined);
    stream.on("end", async () => {
      const name = headers[":path"].replace("/runtime.v1.", "");
      const method = methods[name];
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      let status = { "grpc-status": "0" };
      stream.on("wantTrailers", () => stream.sendTrailers(status));
      if (!method) {
        console.error(`no method ${name}`);
        status = { "grpc-status": "12", "grpc-message": `the stand-in has no ${name}` };
        return stream.end();
      }
      const body = await method(Buffer.concat(parts).subarray(5));
      const head = Buffer.alloc(5);
      head.writeUInt32BE(body.length, 1);
      stream.end(Buffer.concat([head, body]));
    });
  });
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
  server.listen(SOCKET, () => process.env.BED_READY && writeFileSync(process.env.BED_READY, ""));
};
