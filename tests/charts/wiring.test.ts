import { describe, expect, it } from "vitest";
import { addons } from "../../components/addons/registry";
import { variantsOf } from "./variants";
import { wiringFaults } from "./wiring-faults";

describe.each(Object.values(addons).map((addon) => ({ name: addon.name, addon })))("$name", ({ addon }) => {
  it.each(variantsOf(addon))("points only at what is there: $name", ({ resolve }) => {
    expect(wiringFaults(resolve())).toEqual([]);
  });
});
