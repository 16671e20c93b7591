/**
 * Everything that can go wrong, in one tree. No text here quotes anything of a case.
 *
 * JudgeClientError
 * ├── Refused        the service will not do it as it was asked: mend the request
 * ├── NoAnswer       the service is there, and has no answer: ask again later where `retryable`
 * ├── Unreachable    nothing came back in time
 * └── Incompatible   what came back is not of this API
 *
 * A call that the caller's own signal ends throws that signal's reason, as `fetch` does.
 */

import type { Fault, Problem } from "./models.js";

/** The root. */
export abstract class JudgeClientError extends Error {}

/** The service refuses the request (4xx). The same request will be refused again, unless `retryable`. */
export class Refused extends JudgeClientError {
  override readonly name = "Refused";
  readonly status: number;
  /** The last part of the problem's type, such as `rubric-not-found` or `unfit-case`. */
  readonly kind: string;
  readonly retryable: boolean;
  /** What the service said of it; null where what refuses is a proxy. */
  readonly problem: Problem | null;

  constructor(told: Told) {
    super(told.text);
    this.status = told.status;
    this.kind = (told.problem?.type ?? "about:blank").split(":").at(-1) ?? "";
    this.retryable = told.retryable;
    this.problem = told.problem;
  }

  /** The fields that are at fault: a JSON pointer into the body, and what is wrong with each. */
  get faults(): ReadonlyArray<Fault> {
    return this.problem?.errors ?? [];
  }
}

/** There is no answer (5xx), and so no score: the judge timed out, is busy or away, or the service is. */
export class NoAnswer extends JudgeClientError {
  override readonly name = "NoAnswer";
  readonly status: number;
  /** Those of the judge's failure, where it was the judge's. */
  readonly outcome: string | null;
  readonly code: string | null;
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  readonly problem: Problem | null;

  constructor(told: Told) {
    super(told.text);
    this.status = told.status;
    this.outcome = told.problem?.outcome ?? null;
    this.code = told.problem?.code ?? null;
    this.retryable = told.retryable;
    this.retryAfterMs = told.retryAfterMs;
    this.problem = told.problem;
  }
}

/** The service could not be reached, the connection was lost, or the deadline passed. */
export class Unreachable extends JudgeClientError {
  override readonly name = "Unreachable";
  /** The request may have arrived and may have been worked on. */
  readonly sent: boolean;

  constructor(text: string, sent: boolean, options?: ErrorOptions) {
    super(text, options);
    this.sent = sent;
  }
}

/** What answers is no Judge Service, or one of another API level than this client speaks. */
export class Incompatible extends JudgeClientError {
  override readonly name = "Incompatible";
}

interface Told {
  readonly text: string;
  readonly status: number;
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  readonly problem: Problem | null;
}

const BUSY = 429;
const BROKEN = 500;
/** What a proxy answers when the service is away for a moment, or busy. */
const PASSING: ReadonlySet<number> = new Set([BUSY, 502, 503, 504]);

/** The error that a problem is; without one, what can be said of the status alone. */
export function errorOf(problem: Problem | null, status: number, retryAfterMs: number | null): Refused | NoAnswer {
  const detail = problem?.detail || `answered with status ${status} and no reason`;
  const refused = status < BROKEN && status !== BUSY;
  const title = refused && problem?.title && problem.title !== detail ? `${problem.title}: ` : "";
  const retryable = problem === null ? PASSING.has(status) : problem.retryable === true;
  const told = { text: title + detail, status, retryable, retryAfterMs, problem };
  return refused ? new Refused(told) : new NoAnswer(told);
}

/** Milliseconds that a `Retry-After` asks for: a number of seconds or a date; null where it says neither. */
export function waitOf(header: string | null, today: number = Date.now()): number | null {
  const text = header?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text.slice(0, 9)) * 1000;
  const until = Date.parse(text);
  return Number.isNaN(until) ? null : Math.max(0, until - today);
}
