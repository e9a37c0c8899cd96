import { inspect } from "node:util";

const MASK = "[secret]";

/**
 * A secret of the stack config. It prints as a mask everywhere; only `reveal` gives the value, and only where one exists
 * (`check` and `plan` read `secure:` values without a passphrase and have none).
 */
export class Secret {
  readonly #value: (() => unknown) | undefined;

  constructor(
    /** Config path, e.g. `bearstack:platform.dns.external-dns.apiToken`; names the secret without showing it. */
    readonly path: string,
    value?: () => unknown,
  ) {
    this.#value = value;
  }

  get known(): boolean {
    return this.#value !== undefined;
  }

  /** The clear value, a string or an Output of one. Throws where the value is not at hand. */
  reveal(): unknown {
    if (!this.#value) throw new Error(`${this.path} is secret and its value is not at hand here`);
    return this.#value();
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
