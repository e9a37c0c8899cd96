// Waits for a Shoot and gets a kubeconfig for it from its garden, by the sub-resource adminkubeconfig.
// Settings: one argument, JSON: namespace, name, expirationSeconds, neededSeconds, waitSeconds; whatever else is not looked at.
// Secrets: on standard input, JSON: the entries of a kubeconfig for the garden, { cluster, user }.
// Output: the kubeconfig on standard output; what it waits for, and what went wrong, on standard error, free of secrets.
"use strict";
const { execFile } = require("node:child_process");
const { readFileSync } = require("node:fs");
const https = require("node:https");

/** A mistake a person can mend. */
class Mistake extends Error {
  constructor(problem, fix) {
    super(`${problem}\n  → ${fix}`);
  }
}

/** The garden does not know who asks (any more). */
class Unknown extends Mistake {}

/** What may be otherwise in a moment. */
class Later extends Error {}

const settings = JSON.parse(process.argv[1]);
const { namespace, name, expirationSeconds, neededSeconds, waitSeconds } = settings;
const shoot = `The Shoot ${namespace}/${name}`;
const path = `/apis/core.gardener.cloud/v1beta1/namespaces/${namespace}/shoots/${name}`;
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const decode = (text) => Buffer.from(text, "base64");

let told = "";
function say(note) {
  if (note !== told) process.stderr.write(`${note}\n`);
  told = note;
}

/** Runs the plugin of a kubeconfig as kubectl does. Neither its arguments nor what it prints shows anywhere: both may hold secrets. */
function runPlugin({ apiVersion, command, args, env, installHint, interactiveMode, provideClusterInfo }, cluster) {
  if (interactiveMode === "Always")
    throw new Mistake(
      `The plugin ${command} of the garden's kubeconfig wants a terminal.`,
      "Use a kubeconfig whose plugin works without one, e.g. of a service account.",
    );
  const about = provideClusterInfo
    ? { cluster: { server: cluster.server, "certificate-authority-data": cluster["certificate-authority-data"], config: null } }
    : {};
  const info = JSON.stringify({ apiVersion, kind: "ExecCredential", spec: { interactive: false, ...about } });
  const variables = Object.fromEntries((env ?? []).map((one) => [one.name, one.value]));
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...variables, KUBERNETES_EXEC_INFO: info }, timeout: 120_000, maxBuffer: 1 << 22 };
    const child = execFile(command, args ?? [], options, (error, stdout) => {
      if (error?.code === "ENOENT")
        return reject(new Mistake(`${command}, which the garden's kubeconfig names, is not on PATH.`, installHint ?? `Install ${command}.`));
      if (error)
        return reject(
          new Mistake(
            `${command}, which the garden's kubeconfig names, failed (${error.killed ? "no answer in two minutes" : `exit code ${error.code}`}).`,
            "Run kubectl with that kubeconfig: it says why, and lets you log in.",
          ),
        );
      let status;
      try {
        ({ status } = JSON.parse(stdout));
      } catch {
        /* said below */
      }
      if (!status?.token && !status?.clientCertificateData)
        return reject(
          new Mistake(`${command}, which the garden's kubeconfig names, gave no credential.`, "Run kubectl with that kubeconfig and see what it says."),
        );
      resolve({ token: status.token, cert: status.clientCertificateData, key: status.clientKeyData });
    });
    child.stdin?.on("error", () => undefined).end();
  });
}

async function credential(user, cluster) {
  if (user.exec) return runPlugin(user.exec, cluster);
  if (user.tokenFile) {
    try {
      return { token: readFileSync(user.tokenFile, "utf8").trim() };
    } catch (error) {
      throw new Mistake(`The token file ${user.tokenFile} of the garden's kubeconfig cannot be read (${error.code}).`, "Make it readable.");
    }
  }
  if (user.token) return { token: user.token };
  const [cert, key] = [user["client-certificate-data"], user["client-key-data"]];
  if (cert && key) return { cert: decode(cert), key: decode(key) };
  throw new Mistake("The garden's kubeconfig has a user that cannot log in from here.", "Use one with a token, a client certificate or an exec plugin.");
}

async function connect({ cluster, user }) {
  if (cluster["proxy-url"])
    throw new Mistake("The garden's kubeconfig asks for a proxy-url, which is not built yet.", "Use one that reaches the garden directly.");
  if (user.as || user["auth-provider"])
    throw new Mistake(
      `The garden's kubeconfig uses ${user.as ? "impersonation" : "auth-provider"}, which is not built yet.`,
      "Use one with a token, a client certificate or an exec plugin.",
    );
  const { token, cert, key } = await credential(user, cluster);
  const ca = cluster["certificate-authority-data"];
  const agent = new https.Agent({
    keepAlive: true,
    ...(ca ? { ca: decode(ca) } : {}),
    ...(cluster["insecure-skip-tls-verify"] ? { rejectUnauthorized: false } : {}),
    ...(cluster["tls-server-name"] ? { servername: cluster["tls-server-name"] } : {}),
    ...(cert ? { cert, key } : {}),
  });
  const base = cluster.server.replace(/\/$/, "");
  return (method, at, body) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = {
        accept: "application/json",
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(text ? { "content-type": "application/json", "content-length": Buffer.byteLength(text) } : {}),
      };
      const request = https.request(base + at, { agent, method, headers, timeout: 30_000 }, (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          let answer = {};
          try {
            answer = JSON.parse(Buffer.concat(chunks).toString("utf8"));
          } catch {
            /* a proxy's page: its status says enough */
          }
          resolve({ status: response.statusCode, answer });
        });
      });
      request.on("timeout", () => request.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })));
      request.on("error", reject);
      request.end(text);
    });
}

/** Errors of the way to the garden that no waiting mends. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|HOSTNAME/;

/** Asks the garden; what a moment may change is a Later. `may` is what the user needs for it. */
async function ask(call, method, at, may, body) {
  let answered;
  try {
    answered = await call(method, at, body);
  } catch (error) {
    const code = error.code ?? "an error";
    if (CERTIFICATE.test(code))
      throw new Mistake(`The garden's certificate does not hold (${code}).`, "Get a new kubeconfig of the garden: its authority may have changed.");
    throw new Later(`the garden does not answer (${code})`);
  }
  const { status, answer } = answered;
  if (status >= 200 && status < 300) return answer;
  if (status === 401)
    throw new Unknown(
      "The garden does not accept the login of its kubeconfig (401).",
      "Log in again, or get a new kubeconfig of the garden: this one may have run out.",
    );
  if (status === 403) throw new Mistake(`The user of the garden's kubeconfig may not ${may} (403).`, `Have a role in the project that may, e.g. admin.`);
  if (status === 404)
    throw new Mistake(`${shoot} is not in the garden (404).`, "Correct project, namespace or name; and see that the kubeconfig leads to the right garden.");
  if (method === "POST" || status === 429 || status >= 500) throw new Later(`the garden answers ${status}${answer.reason ? ` ${answer.reason}` : ""}`);
  throw new Mistake(`The garden refuses to ${may} (${status}${answer.reason ? ` ${answer.reason}` : ""}).`, "Look at the Shoot with kubectl.");
}

/** Undefined once the Shoot is as it shall be; else what it does. */
function pending({ metadata, spec, status }) {
  if (metadata.deletionTimestamp) throw new Mistake(`${shoot} is being deleted.`, "Wait until it is gone; then run again for a new one.");
  if (spec?.hibernation?.enabled || status?.hibernated)
    throw new Mistake(
      `${shoot} is asleep: nothing in it can be reached.`,
      `Run again once it is awake, or wake it: kubectl -n ${namespace} patch shoot ${name} --type merge -p '{"spec":{"hibernation":{"enabled":false}}}'`,
    );
  const last = status?.lastOperation;
  if (!last) return "it has not been looked at yet: no seed may be free, see its events";
  const errors = (status.lastErrors ?? []).map(({ description, codes }) => `${codes?.length ? `${codes.join(", ")}: ` : ""}${description}`).join("; ");
  if (last.state === "Failed" || last.state === "Aborted")
    throw new Mistake(
      `${shoot}: ${last.type} ${last.state.toLowerCase()}. ${errors || last.description || ""}`.trim(),
      `Mend the cause; if it lay in the cloud, have it tried again: kubectl -n ${namespace} annotate shoot ${name} gardener.cloud/operation=retry`,
    );
  const seen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  if (!seen) return "its last change has not been looked at yet";
  if (last.state === "Succeeded") return undefined;
  // A reconciliation that is tried again and again, of a cluster that serves, must not keep anybody out of it.
  const serves = status.conditions?.some(({ type, status: is }) => type === "APIServerAvailable" && is === "True");
  if (last.state === "Error" && last.type !== "Create" && serves) {
    say(`Warning: ${shoot}: ${last.type} has an error and is tried again: ${errors}`);
    return undefined;
  }
  return `${last.type} ${last.state} ${last.progress ?? 0} %${errors ? `: ${errors}` : ""}`;
}

async function get(call) {
  const open = pending(await ask(call, "GET", path, "read Shoots"));
  if (open) throw new Later(open);
  const request = { apiVersion: "authentication.gardener.cloud/v1alpha1", kind: "AdminKubeconfigRequest", spec: { expirationSeconds } };
  const { status } = await ask(call, "POST", `${path}/adminkubeconfig`, "create shoots/adminkubeconfig", request);
  if (!status?.kubeconfig) throw new Later("the garden gives no kubeconfig yet");
  const left = Math.floor((Date.parse(status.expirationTimestamp) - Date.now()) / 1000);
  if (left <= 0) throw new Mistake("The garden gave a credential that has already run out.", "Set the clock of this computer, or the garden's.");
  // A minute is for the way, and for clocks.
  if (left < neededSeconds - 60)
    throw new Mistake(
      `The garden gives credentials for ${Math.round(left / 60)} minutes only, and the next comes after ${Math.round(neededSeconds / 60)}.`,
      `Set access.renewEvery to ${Math.max(5, Math.floor(left / 120))}m.`,
    );
  return decode(status.kubeconfig);
}

async function main() {
  const login = JSON.parse(readFileSync(0, "utf8"));
  const deadline = Date.now() + waitSeconds * 1000;
  let call = await connect(login);
  let known = false;
  for (let tries = 0; ; tries += 1) {
    try {
      return await get(call);
    } catch (error) {
      if (error instanceof Unknown && known) {
        // A login of minutes ran out while a Shoot was made for half an hour.
        call = await connect(login);
        known = false;
        continue;
      }
      if (!(error instanceof Later)) throw error;
      known = true;
      if (Date.now() >= deadline)
        throw new Mistake(
          `${shoot} is not ready after ${Math.round(waitSeconds / 60)} minutes: ${error.message}.`,
          "Look at it in the garden; then run again, or raise readyWithin.",
        );
      say(`${shoot}: ${error.message}`);
      await pause(Math.min(15, 1 + tries, Math.max(0.1, (deadline - Date.now()) / 1000)));
    }
  }
}

main().then(
  (kubeconfig) => process.stdout.write(kubeconfig, () => process.exit(0)),
  (error) => {
    const text = error instanceof Mistake ? error.message : `The script failed: ${error.code ?? error.name}`;
    process.stderr.write(`${text}\n`, () => process.exit(1));
  },
);
