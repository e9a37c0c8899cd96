import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../../components/core/errors";
import { print } from "../output";
import { errorsPage } from "./docs/errors";
import { identitiesPage } from "./docs/identities";
import { stackSchema } from "./docs/schema";
import { slotsPage } from "./docs/slots";
import { wiringPage } from "./docs/wiring";

/** Every generated document; each gets its old text, so that hand-written parts can be kept. */
const documents: Readonly<Record<string, (old: string, root: string) => string>> = {
  "docs/schema/stack.schema.json": () => `${JSON.stringify(stackSchema(), undefined, 1)}\n`,
  "docs/slots.md": () => slotsPage(),
  "docs/errors.md": errorsPage,
  "docs/wiring.md": () => wiringPage(),
  "docs/identities.md": identitiesPage,
};

/** Writes the generated documents, or says which are out of date. */
export function runDocs(options: { check?: boolean }): void {
  const root = join(__dirname, "..", "..", "..");
  const stale = Object.entries(documents).flatMap(([path, make]) => {
    const file = join(root, path);
    const old = existsSync(file) ? readFileSync(file, "utf8") : "";
    const text = make(old, root);
    if (text === old) return [];
    if (!options.check) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    return [path];
  });
  if (options.check && stale.length > 0) throw new UserError(`Out of date: ${stale.join(", ")}.`, "Run: npm run docs");
  print(
    options.check ? `${Object.keys(documents).length} generated documents are up to date.` : `Written: ${stale.join(", ") || "nothing, all were up to date"}.`,
  );
}
