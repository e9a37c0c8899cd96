import { Semaphore } from "es-toolkit/promise";
import { KubeError, NoMatch } from "./kube";

/** Ends waits when a run is stopped. */
export class Stopped extends Error {
  constructor() {
    super("stopped");
  }
}

export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) throw new Stopped();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      signal?.removeEventListener("abort", stop);
      resolve();
    }
    function stop(): void {
      clearTimeout(timer);
      reject(new Stopped());
    }
    signal?.addEventListener("abort", stop, { once: true });
  });
}

const NETWORK = new Set(["ECONNRESET", "ECONNREFUSED", "EPIPE", "ETIMEDOUT"]);
const STATUS = new Set([409, 429, 500, 502, 503, 504]);

/** How long an error may last before it is final, in milliseconds; undefined: it is final at once. */
export function patience(error: unknown): number | undefined {
  if (error instanceof NoMatch) return 60_000; // its CRD is served a moment after it is established
  if (error instanceof KubeError) {
    if (error.status === 403 && isTerminating(error)) return 90_000;
    if (error.status === 404 && /namespaces? ".*" not found/.test(error.message)) return 60_000; // made in parallel
    if (error.status === 409 && error.reason === "AlreadyExists") return undefined;
    return STATUS.has(error.status) ? 60_000 : undefined;
  }
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" && NETWORK.has(code) ? 60_000 : undefined;
}

function isTerminating(error: KubeError): boolean {
  return error.causes.some((cause) => cause.reason === "NamespaceTerminating") || /being terminated/.test(error.message);
}

/** Repeats what the API server calls retriable, ever more slowly. */
export async function retrying<T>(
  work: () => Promise<T>,
  options: { signal?: AbortSignal | undefined; onRetry?: ((why: string) => void) | undefined } = {},
): Promise<T> {
  const start = Date.now();
  for (let pause = 100; ; pause = Math.min(pause * 2, 2_000)) {
    try {
      return await work();
    } catch (error) {
      const limit = patience(error);
      if (limit === undefined || Date.now() - start > limit) throw error;
      options.onRetry?.((error as Error).message);
      await sleep(pause, options.signal);
    }
  }
}

/** At most `size` pieces of work at a time, in the order they came. */
export function limiter(size: number): <T>(work: () => Promise<T>) => Promise<T> {
  const places = new Semaphore(size);
  return async (work) => {
    await places.acquire();
    try {
      return await work();
    } finally {
      places.release();
    }
  };
}
