import { run } from "./stacks/run";

/** The Pulumi program; its promise resolves to the outputs of the stack. */
export = run();
