/** When a call is made again, after which pause, and when it is given up. No connection in here. */

import { NoAnswer, Refused, Unreachable } from "./errors.js";

/**
 * How long a caller waits for one operation, all its tries and pauses together, and how it asks again. The pause before
 * try n + 1 is drawn evenly from 0 to `firstPauseMs` · 2ⁿ, at most `longestPauseMs`; where the service says how long to
 * wait, it is at least that.
 */
export interface Patience {
  readonly deadlineMs: number;
  readonly tries: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export const PATIENCE: Patience = { deadlineMs: 150_000, tries: 6, firstPauseMs: 500, longestPauseMs: 20_000 };

/** What a course of tries depends on: milliseconds that only grow, a number from 0 to below 1, and a pause. */
export interface Chance {
  readonly now: () => number;
  readonly random: () => number;
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

export const CHANCE: Chance = { now: () => performance.now(), random: Math.random, sleep };

/** The client's own patience, with what a caller changes of it. */
export function patienceOf(changed: Partial<Patience>): Patience {
  const patience = { ...PATIENCE, ...changed };
  const { tries, deadlineMs, firstPauseMs, longestPauseMs } = patience;
  if (!(tries >= 1 && Math.min(deadlineMs, firstPauseMs, longestPauseMs) > 0)) {
    throw new RangeError("patience: at least one try, and every time above 0");
  }
  return patience;
}

/** Milliseconds before the next try, when `tried` tries came before this one. */
export function pauseBefore(patience: Patience, chance: Chance, tried: number, fault: unknown): number {
  const drawn = chance.random() * Math.min(patience.longestPauseMs, patience.firstPauseMs * 2 ** tried);
  const asked = fault instanceof NoAnswer ? fault.retryAfterMs : null;
  return asked === null ? drawn : asked + drawn / 10;
}

/** Whether another try may help and does no harm. Who was answered by the service itself knows that it does none. */
export function worthRepeating(fault: unknown, repeatable: boolean): boolean {
  if (fault instanceof Unreachable) return repeatable || !fault.sent;
  if (!(fault instanceof Refused || fault instanceof NoAnswer) || !fault.retryable) return false;
  return repeatable || fault.problem !== null;
}

async function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const done = (): void => {
      signal?.removeEventListener("abort", ended);
      resolve();
    };
    const timer = setTimeout(done, ms);
    const ended = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", ended, { once: true });
  });
}
