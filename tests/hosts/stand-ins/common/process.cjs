"use strict";
const { createServer } = require("node:http");
const { createServer: createTcp } = require("node:net");
const { chmodSync, mkdirSync, renameSync, writeFileSync } = require("node:fs");
const { dirname } = require("node:path");
const { Fatal } = require("./log.cjs");

/** Listens, or ends: two programs on one port are a mistake that must be seen. */
const listen = (server, port, host) =>
  new Promise((done, refuse) => {
    server.once("error", (error) =>
      refuse(new Fatal(`listen tcp ${host}:${port}: ${error.code === "EADDRINUSE" ? "bind: address already in use" : error.message}`)),
    );
    server.listen(port, host, done);
  });
const hold = (port, host = "0.0.0.0") =>
  listen(
    createTcp((socket) => socket.destroy()),
    port,
    host,
  );

/** The kubelet's side of a node, which a server has as well. */
async function startKubelet() {
  await hold(10250);
  await listen(
    createServer((_, answer) => answer.end("ok")),
    10248,
    "127.0.0.1",
  );
}

/** Tells systemd's stand-in that the unit is there. */
const notifyReady = () => process.env.BED_READY && writeFileSync(process.env.BED_READY, "");

/** Ends at once, as the real one may: others notice by the silence. */
function endWith(clean) {
  for (const signal of ["SIGTERM", "SIGINT"])
    process.on(signal, () => {
      clean();
      process.exit(0);
    });
}

/** Writes a file whole or not at all. */
function put(file, text, mode = 0o600) {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, text, { mode });
  chmodSync(`${file}.new`, mode);
  renameSync(`${file}.new`, file);
}

/** A taint as kubelet takes it: key[=value]:effect. */
function taintOf(text) {
  const [, key, value = "", effect] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text) ?? [];
  if (key === undefined) throw new Fatal(`invalid taint spec: ${text}`);
  return { key, value, effect };
}

module.exports = { endWith, hold, listen, notifyReady, put, startKubelet, taintOf };
