// Hands connections at a unix socket on to an address. Arguments: socket, address, port. Says `ready` when it listens.
"use strict";
const { connect, createServer } = require("node:net");
const [socket, host, port] = process.argv.slice(2);

createServer((near) => {
  const far = connect(Number(port), host);
  for (const [one, other] of [
    [near, far],
    [far, near],
  ]) {
    one.pipe(other);
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
  }
}).listen(socket, () => console.log("ready"));
