import { run } from "./stacks/run";

const outputs = run();
// The host looks at the promise a moment later; until then a failure would count as one that nobody handles.
outputs.catch(() => undefined);

/** The Pulumi program; its promise resolves to the outputs of the stack. */
export = outputs;
