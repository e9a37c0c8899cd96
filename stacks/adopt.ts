import { type CustomResourceOptions, type ResourceTransformationArgs, runtime } from "@pulumi/pulumi";
import { adoptForm } from "./adopt-form";

const RELEASE = "kubernetes:helm.sh/v3:Release";

/** What a resource is called in `bearstack:adopt`: the name of a release, `Kind/name` of any other object of the cluster. */
function adoptName({ type, name }: Pick<ResourceTransformationArgs, "type" | "name">): string | undefined {
  if (type === RELEASE) return name;
  return type.startsWith("kubernetes:") ? adoptForm(type, name) : undefined;
}

/** Imports what the config names under `adopt` instead of creating it: for objects that are in the cluster, but not in the state. */
export function adoptExisting(names: readonly string[]): void {
  if (names.length === 0) return;
  runtime.registerStackTransformation((args) => {
    const called = adoptName(args);
    if (called === undefined || !names.includes(called)) return undefined;
    const props = args.props as { name?: string; namespace?: string; metadata?: { name?: string; namespace?: string } };
    const { name, namespace } = args.type === RELEASE ? props : (props.metadata ?? {});
    const options: CustomResourceOptions = { ...args.opts, import: namespace === undefined ? name! : `${namespace}/${name!}` };
    return { props: args.props, opts: options };
  });
}
