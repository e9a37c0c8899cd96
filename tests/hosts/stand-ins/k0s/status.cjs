"use strict";
// What a running k0s says of itself, on its own socket.
const http = require("node:http");
const { rmSync } = require("node:fs");
const { Fatal } = require("../common/log.cjs");

const SOCKET = "/run/k0s/status.sock";

exports.serveStatus = function serveStatus({ version, role, config, isWell }) {
  rmSync(SOCKET, { force: true });
  const answerOf = async () => {
    const success = await isWell();
    return {
      Version: version,
      Pid: process.pid,
      PPid: process.ppid,
      Role: role,
      SysInit: "",
      StubFile: "",
      Output: "",
      Workloads: true,
      SingleNode: false,
      Args: process.argv.slice(1),
      WorkerToAPIConnectionStatus: { Message: success ? "" : "failed to get kube-api version", Success: success },
      ClusterConfig: config ? { metadata: { name: "k0s", namespace: "kube-system" }, spec: config } : null,
      K0sVars: {},
    };
  };
  const server = http.createServer((_request, answer) => void answerOf().then((text) => answer.end(JSON.stringify(text))));
  return new Promise((done, refuse) => server.once("error", refuse).listen(SOCKET, done));
};

/** Asks the k0s that runs on this host. */
exports.askStatus = () =>
  new Promise((done, refuse) => {
    const request = http.get({ socketPath: SOCKET, path: "/status" }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => done(JSON.parse(Buffer.concat(parts).toString("utf8"))));
    });
    request.on("error", () => refuse(new Fatal("k0s is not running")));
  });
