/**
 * Stand-ins for Pulumi's plugins of AWS and Google Cloud, for tests with the real engine. They speak the engine's protocol, keep what was
 * made in a folder, and know what Pulumi's engine asks of a provider: which outputs are not known in a preview, which fields cannot change
 * without a replacement (create-only-*.ts), and what refuses to go.
 *
 * They do NOT show that a cloud, or its provider, takes what our programs ask for: no argument is checked, no quota, no right, no time passes,
 * nothing is ever short, and the shapes of outputs are read from the providers' declarations, not recorded.
 */
import { Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall } from "@grpc/grpc-js";
import type { PluginInfo as Info } from "@pulumi/pulumi/proto/plugin_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { Cloud, type Logged, type Thing, type Values } from "./cloud";
import { changedPaths, createOnly, replacing } from "./create-only";
import { give, namedByPulumi, type Region } from "./shapes";

/** What the engine writes in place of a value that nobody knows yet (sdk/go/common/resource/plugin/rpc.go). */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const cloud = new Cloud(process.env.BEAR_TEST_CLOUD!);
const at: Region = { region: "", project: "" };

const isBlock = (value: unknown): value is Values => typeof value === "object" && value !== null && !Array.isArray(value);

/** The first under the second: what is asked for wins over what was given. */
function under(given: unknown, asked: unknown): unknown {
  if (!isBlock(given) || !isBlock(asked)) return asked ?? given;
  return Object.fromEntries([...new Set([...Object.keys(given), ...Object.keys(asked)])].map((key) => [key, under(given[key], asked[key])]));
}

/** The same with nothing of it known. */
const unknown = (given: unknown): unknown =>
  isBlock(given) ? Object.fromEntries(Object.entries(given).map(([key, value]) => [key, isBlock(value) ? unknown(value) : UNKNOWN])) : UNKNOWN;

/** Blocks that the program does not mention are unknown as a whole. */
const whole = (given: Values, asked: Values): Values =>
  Object.fromEntries(Object.entries(given).map(([key, value]) => [key, asked[key] === undefined ? UNKNOWN : unknown(value)]));

const typeOf = (urn: string): string => urn.split("::")[2]!.split("$").at(-1)!;
const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");

const values = (struct: Struct | undefined): Values => struct?.toJavaScript() ?? {};
const struct = (from: Values): Struct => Struct.fromJavaScript(from as Record<string, JavaScriptValue>);

const regional = (type: string): Values => (createOnly[type]?.regional ? { region: at.region } : {});

/** How to get in to a cluster is what it is by now. */
function way(type: string): Values {
  const { endpoint, authority, dnsEndpoint } = cloud.settings;
  if (type === "aws:eks/cluster:Cluster") return { endpoint, certificateAuthority: { data: authority } };
  return type === "gcp:container/cluster:Cluster" ? { controlPlaneEndpointsConfig: { dnsEndpointConfig: { endpoint: dnsEndpoint } } } : {};
}

const outputsOf = ({ type, inputs, given }: Pick<Thing, "type" | "inputs" | "given">): Values =>
  under({ ...given, ...way(type), ...regional(type) }, inputs) as Values;

/** Words of people, which may be the name of another thing. */
const WORDS = ["name", "tags", "tagSpecifications", "resourceLabels"];

/** Whether it, or something in it, names one of these. */
function uses(value: unknown, things: readonly string[]): boolean {
  if (typeof value === "string") return things.some((one) => value === one || value.endsWith(`:${one}`));
  return typeof value === "object" && value !== null && Object.entries(value).some(([key, part]) => !WORDS.includes(key) && uses(part, things));
}

/** Names of what of ours is in the cluster, for the log. */
function inside(): string[] {
  const { kubectl, kubeconfig } = cloud.settings;
  const kinds = "namespaces,storageclasses,configmaps,daemonsets,deployments,services,serviceaccounts";
  const args = ["--kubeconfig", kubeconfig, "get", kinds, "-A", "-l", "app.kubernetes.io/managed-by=bearstack", "-o", "name"];
  const { status: code, stdout, stderr } = spawnSync(kubectl, args, { encoding: "utf8" });
  if (code !== 0) throw new Error(`nobody sees what is in the cluster: ${stderr}`);
  return stdout.split("\n").filter(Boolean);
}

const CLUSTERS = ["aws:eks/cluster:Cluster", "gcp:container/cluster:Cluster"];
const NODES = ["aws:eks/nodeGroup:NodeGroup", "gcp:container/nodePool:NodePool"];

/** Writes down what happened, and of clusters and nodes, what was inside. */
const note = (entry: Logged): void => cloud.add({ ...entry, ...([...CLUSTERS, ...NODES].includes(entry.type) ? { inside: inside() } : {}) });

/** What of an update's outcome its preview cannot tell. */
function unsure(type: string, changed: readonly string[]): string[] {
  const wanted = cloud.settings.unknown?.[type] ?? [];
  // Its CustomizeDiff: a new version for every change but that of the description.
  const versions =
    type === "aws:ec2/launchTemplate:LaunchTemplate" && changed.some((path) => path !== "description") ? ["latestVersion", "defaultVersion"] : [];
  return [...wanted, ...versions];
}

function hide(outputs: unknown, [first, ...rest]: readonly string[]): unknown {
  if (first === undefined) return UNKNOWN;
  return isBlock(outputs) ? { ...outputs, [first]: hide(outputs[first], rest) } : UNKNOWN;
}

/** What the cloud did by itself since, in what a program said once. */
function drifted(thing: Thing): Values {
  if (!cloud.settings.drift) return thing.inputs;
  const scaling = thing.inputs.scalingConfig;
  if (isBlock(scaling)) return { ...thing.inputs, scalingConfig: { ...scaling, desiredSize: Number(scaling.desiredSize) + 1 } };
  const pool = cloud.things.find(({ type, inputs }) => type === "gcp:container/nodePool:NodePool" && inputs.cluster === thing.id);
  if (thing.type === "gcp:container/cluster:Cluster" && pool) return { ...thing.inputs, nodeConfig: pool.inputs.nodeConfig, initialNodeCount: 0 };
  return thing.inputs;
}

function refuseToGo(thing: Thing): void {
  const { type, id, inputs, given } = thing;
  if (CLUSTERS.includes(type) && inputs.deletionProtection === true) throw new Error(`${id} is protected against deletion`);
  const known = [id, given.arn, given.email, given.keyId].filter((value): value is string => typeof value === "string");
  const user = cloud.things.find((other) => other.id !== id && uses(other.inputs, known));
  if (user) throw new Error(`DependencyViolation: ${id} (${thing.name}) is in use by ${user.type} ${user.name}`);
}

function find(type: string, id: string): Thing {
  const found = cloud.things.find((thing) => thing.type === type && thing.id === id);
  if (!found) throw new Error(`there is no ${type} ${id}`);
  return found;
}

type Handler<Request, Response> = (request: Request) => Response;

/** How long nodes take, so that who does not wait for them is seen. */
const NODES_TAKE = 2000;

const handle =
  <Request, Response>(handler: Handler<Request, Response>, takes: (request: Request) => number = () => 0) =>
  (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void => {
    setTimeout(() => {
      try {
        callback(null, handler(call.request));
      } catch (error) {
        callback({ code: status.UNKNOWN, details: error instanceof Error ? error.message : String(error) });
      }
    }, takes(call.request));
  };

function same(inputs: Struct | undefined): proto.CheckResponse {
  const response = new proto.CheckResponse();
  response.setInputs(inputs);
  return response;
}

function check(request: proto.CheckRequest): proto.CheckResponse {
  const [type, news, olds] = [typeOf(request.getUrn()), values(request.getNews()), values(request.getOlds())];
  const field = namedByPulumi[type];
  if (field !== undefined && news[field] === undefined && news.namePrefix === undefined)
    news[field] = olds[field] ?? `${nameOf(request.getUrn())}-${randomBytes(4).toString("hex").slice(0, 7)}`;
  return same(struct(news));
}

function diff(request: proto.DiffRequest): proto.DiffResponse {
  const type = typeOf(request.getUrn());
  const [old, now] = [values(request.getOldInputs()), values(request.getNews())];
  const moved = regional(type).region !== undefined && values(request.getOlds()).region !== at.region ? ["region"] : [];
  const changed = [...changedPaths(old, now), ...moved];
  const replaces = [...replacing(type, old, now), ...moved];
  const response = new proto.DiffResponse();
  const top = (paths: readonly string[]): string[] => [...new Set(paths.map((path) => path.split(/[.#]/)[0]!))];
  response.setChanges(changed.length > 0 ? proto.DiffResponse.DiffChanges.DIFF_SOME : proto.DiffResponse.DiffChanges.DIFF_NONE);
  response.setReplacesList(top(replaces));
  response.setDiffsList(top(changed));
  // What has a name that the program gave goes before another comes (nameRequiresDeleteBeforeReplace of Pulumi's bridge).
  const madeUp = new RegExp(`^${nameOf(request.getUrn())}-[0-9a-f]{7}$`);
  response.setDeletebeforereplace(replaces.length > 0 && typeof now.name === "string" && !madeUp.test(now.name));
  return response;
}

function create(request: proto.CreateRequest): proto.CreateResponse {
  const [type, name, inputs] = [typeOf(request.getUrn()), nameOf(request.getUrn()), values(request.getProperties())];
  const { id, outputs: given } = give(type, name, inputs, at, cloud.settings);
  const response = new proto.CreateResponse();
  if (request.getPreview()) {
    response.setProperties(struct(under({ ...whole(given, inputs), ...regional(type) }, inputs) as Values));
    return response;
  }
  if (JSON.stringify(inputs).includes(UNKNOWN)) throw new Error(`${name} is to be made with something that nobody knows`);
  if (cloud.things.some((thing) => thing.type === type && thing.id === id)) throw new Error(`AlreadyExists: ${id} (${name})`);
  cloud.things = [...cloud.things, { type, name, id, inputs, given }];
  note({ op: "create", type, name });
  response.setId(id);
  response.setProperties(struct(outputsOf({ type, inputs, given })));
  return response;
}

function read(request: proto.ReadRequest): proto.ReadResponse {
  const response = new proto.ReadResponse();
  const thing = cloud.things.find(({ type, id }) => type === typeOf(request.getUrn()) && id === request.getId());
  if (!thing) return response;
  const inputs = drifted(thing);
  response.setId(thing.id);
  response.setInputs(struct(inputs));
  response.setProperties(struct(outputsOf({ ...thing, inputs })));
  return response;
}

function update(request: proto.UpdateRequest): proto.UpdateResponse {
  const [type, name] = [typeOf(request.getUrn()), nameOf(request.getUrn())];
  const thing = find(type, request.getId());
  const inputs = values(request.getNews());
  const changed = changedPaths(values(request.getOldInputs()), inputs);
  const response = new proto.UpdateResponse();
  if (request.getPreview()) {
    const outputs = unsure(type, changed).reduce<unknown>((rest, path) => hide(rest, path.split(".")), outputsOf({ ...thing, inputs }));
    response.setProperties(struct(outputs as Values));
    return response;
  }
  const versions = unsure(type, changed).includes("latestVersion") ? { latestVersion: Number(thing.given.latestVersion) + 1 } : {};
  const after: Thing = { ...thing, inputs, given: { ...thing.given, ...versions } };
  cloud.things = cloud.things.map((one) => (one.type === type && one.id === thing.id ? after : one));
  note({ op: "update", type, name, changed });
  response.setProperties(struct(outputsOf(after)));
  return response;
}

function remove(request: proto.DeleteRequest): Empty {
  const thing = find(typeOf(request.getUrn()), request.getId());
  refuseToGo(thing);
  cloud.things = cloud.things.filter((one) => one.type !== thing.type || one.id !== thing.id);
  note({ op: "delete", type: thing.type, name: thing.name });
  return new Empty();
}

function invoke(request: proto.InvokeRequest): proto.InvokeResponse {
  const token = request.getTok();
  if (token !== "gcp:organizations/getProject:getProject") throw new Error(`the stand-in answers no ${token}`);
  const response = new proto.InvokeResponse();
  const { projectId } = values(request.getArgs());
  response.setReturn(struct({ id: `projects/${String(projectId)}`, projectId, number: "123456789012", name: projectId }));
  return response;
}

/** A provider's own settings: nothing of them makes what it made anew (pulumi-aws 7 no longer replaces for another region). */
function configure(request: proto.ConfigureRequest): proto.ConfigureResponse {
  const { region, project } = values(request.getArgs());
  Object.assign(at, { region, project });
  const response = new proto.ConfigureResponse();
  response.setSupportspreview(true);
  return response;
}

function diffConfig(request: proto.DiffRequest): proto.DiffResponse {
  const response = new proto.DiffResponse();
  const changed = changedPaths(values(request.getOldInputs()), values(request.getNews()));
  response.setChanges(changed.length > 0 ? proto.DiffResponse.DiffChanges.DIFF_SOME : proto.DiffResponse.DiffChanges.DIFF_NONE);
  return response;
}

function info(): Info {
  const response = new PluginInfo();
  response.setVersion(process.env.BEAR_TEST_VERSION ?? "0.0.0");
  return response;
}

const server = new Server();
server.addService(ResourceProviderService, {
  checkConfig: handle((request: proto.CheckRequest) => same(request.getNews())),
  diffConfig: handle(diffConfig),
  configure: handle(configure),
  getPluginInfo: handle(info),
  attach: handle(() => new Empty()),
  cancel: handle(() => new Empty()),
  invoke: handle(invoke),
  check: handle(check),
  diff: handle(diff),
  create: handle(create, (request: proto.CreateRequest) => (!request.getPreview() && NODES.includes(typeOf(request.getUrn())) ? NODES_TAKE : 0)),
  read: handle(read),
  update: handle(update),
  delete: handle(remove),
});
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
