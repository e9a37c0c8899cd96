import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";

/** The node of one add-on in the resource tree; everything it makes hangs below it. */
export class AddonComponent extends ComponentResource {
  constructor(name: string, opts: ComponentResourceOptions) {
    super(`bearstack:addons:${pascal(name)}`, name, {}, opts);
    this.registerOutputs({});
  }
}

/** The node of a layer of ours: security, tenants, wiring. */
export class LayerComponent extends ComponentResource {
  constructor(layer: string, opts: ComponentResourceOptions = {}) {
    super(`bearstack:layers:${pascal(layer)}`, layer, {}, opts);
    this.registerOutputs({});
  }
}

function pascal(name: string): string {
  return name.replace(/(^|-)([a-z0-9])/g, (_match, _dash, letter: string) => letter.toUpperCase());
}
