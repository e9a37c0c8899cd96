"use strict";
/** What ends the program with a message, as the real one's fatal errors do. */
class Fatal extends Error {}
/** In the real one's form, on standard error. */
const log = (message, level = "info") => console.error(`time="${new Date().toISOString()}" level=${level} msg=${JSON.stringify(message)}`);
module.exports = { Fatal, log };
