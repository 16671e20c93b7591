/** How long one connection may keep a caller waiting. */

import { Unreachable } from "./errors.js";

/** Errors before anything was sent, as the runtimes name them that do. */
const UNSENT: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Ends what is under its signal when it waits for longer than `ms`, or when the caller's own signal says so. */
export class Limit {
  readonly signal: AbortSignal;
  readonly #ms: number;
  readonly #outer: AbortSignal | undefined;
  readonly #own = new AbortController();

  constructor(ms: number, outer: AbortSignal | undefined) {
    this.#ms = ms;
    this.#outer = outer;
    this.signal = outer === undefined ? this.#own.signal : AbortSignal.any([outer, this.#own.signal]);
  }

  /** Wait for something. Its failure is the caller's own reason, or `Unreachable`. */
  async within<T>(work: () => Promise<T>): Promise<T> {
    this.#outer?.throwIfAborted();
    const timer = setTimeout(() => this.#own.abort(), this.#ms);
    try {
      return await work();
    } catch (error) {
      this.#outer?.throwIfAborted();
      throw this.#lost(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Let go of the connection. */
  end(): void {
    this.#own.abort();
  }

  #lost(error: unknown): Unreachable {
    if (this.#own.signal.aborted) return new Unreachable("the service did not answer in time", true);
    const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined;
    const sent = !UNSENT.has(cause?.code);
    return new Unreachable(sent ? "the connection was lost" : "the service cannot be reached", sent, { cause: error });
  }
}
