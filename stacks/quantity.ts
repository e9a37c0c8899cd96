const factors: Record<string, number> = {
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number behind a Kubernetes quantity: cores or bytes. Undefined where there is none. */
export function amount(quantity: string | undefined): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(quantity ?? "") ?? [];
  const factor = factors[unit ?? ""];
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}

/** Bytes as people read them: `3.5 GiB`. */
export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 2 ** (10 * step);
  return `${Number(value.toFixed(value < 10 ? 1 : 0))} ${units[step]}`;
}

/** Cores as people read them: `1.25`. */
export function coresText(cores: number): string {
  return String(Number(cores.toFixed(2)));
}
