/** Runs operations and follows courses over `fetch`, one call after the other. */

import { type Call, DEADLINE_HEADER, faultOf, get, into, JSON_TYPE, type Operation, type Reply } from "./calls.js";
import type { Course } from "./courses.js";
import { Incompatible } from "./errors.js";
import { Limit } from "./limit.js";
import type { Version } from "./models.js";
import { type Chance, type Patience, pauseBefore, worthRepeating } from "./patience.js";
import { fitting, misfit } from "./version.js";

/** What every method takes: a signal that ends it, and a deadline of its own in milliseconds. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly deadlineMs?: number | undefined;
}

export const version: Operation<Version> = get("/v1/version", (reply) => {
  const kind = reply.headers.get("content-type") ?? "";
  if (!kind.startsWith(JSON_TYPE)) {
    throw new Incompatible("the address answers, and what answers is no Judge Service");
  }
  return fitting(into<Version>(reply));
});

/** What operations and courses are run with; two that differ in patience only share what was asked of the version. */
export interface Wiring {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
  readonly patience: Patience;
  readonly chance: Chance;
  readonly fit: { checked: boolean };
}

export class Runner {
  readonly wiring: Wiring;

  constructor(wiring: Wiring) {
    this.wiring = wiring;
  }

  /** Do an operation; throws one of the tree of `JudgeClientError`. */
  async run<T>(operation: Operation<T>, options: CallOptions = {}): Promise<T> {
    const until = this.#until(options.deadlineMs ?? operation.deadlineMs);
    await this.#check(until, options.signal);
    return this.#tries(operation, until, options.signal);
  }

  /** Give what a course gives; a lost connection is made again, and the tries count from when something last came. */
  async *follow<T>(course: Course<T>, options: CallOptions = {}): AsyncGenerator<T, void, undefined> {
    await this.#check(this.#until(options.deadlineMs), options.signal);
    const progress = { tried: 0 };
    while (!course.done) {
      try {
        yield* this.#connected(course, progress, options.signal);
      } catch (error) {
        if (++progress.tried >= this.wiring.patience.tries || !worthRepeating(error, course.repeatable)) throw error;
        await this.#pause(progress.tried - 1, error, options.signal);
      }
    }
  }

  async #tries<T>(operation: Operation<T>, until: number, signal: AbortSignal | undefined): Promise<T> {
    for (let tried = 0; ; tried++) {
      try {
        const reply = await this.#sent(operation, Math.max(1, until - this.wiring.chance.now()), signal);
        const fault = faultOf(reply);
        if (fault !== null) throw fault;
        return operation.read(reply);
      } catch (error) {
        if (tried + 1 >= this.wiring.patience.tries || !worthRepeating(error, operation.repeatable)) throw error;
        await this.#pause(tried, error, signal, until);
      }
    }
  }

  /** Wait before the next try; throws the error where that would be too late. */
  async #pause(tried: number, error: unknown, signal: AbortSignal | undefined, until = Infinity): Promise<void> {
    const { patience, chance } = this.wiring;
    const pause = pauseBefore(patience, chance, tried, error);
    if (chance.now() + pause >= until) throw error;
    await chance.sleep(pause, signal);
  }

  async #sent<T>(operation: Operation<T>, leftMs: number, signal: AbortSignal | undefined): Promise<Reply> {
    // What is left for the answer's way back, so that the service's own word comes before our clock runs out.
    const forService = String(Math.max(1, Math.floor(leftMs - Math.min(500, leftMs / 10))));
    const limit = new Limit(leftMs, signal);
    return limit.within(async () => {
      const told = await this.#fetched(operation.call, limit.signal, operation.bounded ? forService : undefined);
      return { status: told.status, headers: told.headers, text: await told.text() };
    });
  }

  async *#connected<T>(course: Course<T>, progress: { tried: number }, signal: AbortSignal | undefined) {
    const limit = new Limit(course.silenceMs, signal);
    try {
      const call = course.call();
      const answer = await limit.within(() => this.#fetched(call, limit.signal));
      if (!course.begin(answer.status)) await refuse(answer, limit);
      if (course.waits) progress.tried = 0;
      const reader = answer.body?.getReader();
      while (reader !== undefined && !course.done) {
        const piece = await limit.within(() => reader.read());
        if (piece.done) break;
        for (const told of course.feed(piece.value)) {
          progress.tried = 0;
          yield told;
        }
      }
      course.ended();
    } finally {
      limit.end();
    }
  }

  #fetched(call: Call, signal: AbortSignal, deadlineMs?: string): Promise<Response> {
    const headers = new Headers({ ...this.wiring.headers, ...call.headers });
    if (deadlineMs !== undefined) headers.set(DEADLINE_HEADER, deadlineMs);
    const query = Object.entries(call.query ?? {}).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    );
    const address = `${this.wiring.url}${call.path}${query.length > 0 ? `?${new URLSearchParams(query)}` : ""}`;
    const { method, body = null } = call;
    return this.wiring.fetch(address, { method, headers, body, signal, redirect: "manual" });
  }

  async #check(until: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.wiring.fit.checked) return;
    try {
      await this.#tries(version, until, signal);
    } catch (error) {
      throw misfit(error);
    }
    this.wiring.fit.checked = true;
  }

  #until(deadlineMs: number | undefined): number {
    return this.wiring.chance.now() + (deadlineMs ?? this.wiring.patience.deadlineMs);
  }
}

async function refuse(answer: Response, limit: Limit): Promise<never> {
  const text = await limit.within(() => answer.text());
  const fault = faultOf({ status: answer.status, headers: answer.headers, text });
  throw fault ?? new Incompatible(`the service answered with status ${answer.status} where a stream was to begin`);
}
