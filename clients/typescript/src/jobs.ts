/** Many cases in the background: hand over, look, end, and the lines that tell what came of them. */

import { encoded, get, into, NDJSON, type Operation, parsed } from "./calls.js";
import { Download, Following } from "./courses.js";
import { errorOf, Incompatible, NoAnswer, Refused } from "./errors.js";
import type { Job, JobList, Problem, Score, ScoreRequest } from "./models.js";
import { type CaseOutcome, outcomeOf } from "./outcomes.js";
import type { CallOptions, Runner } from "./running.js";

/** A case by a name of the caller's, once in a job: it names the result. */
export type NamedCase = readonly [customId: string, request: ScoreRequest];

export interface JobOptions extends CallOptions {
  readonly priority?: "high" | "normal" | "low";
  readonly concurrency?: number;
  readonly perMinute?: number;
  readonly maxCostUsd?: number;
  readonly expiresInS?: number;
  readonly keptS?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  /** One is made; give your own to make one job of several runs of a program. */
  readonly idempotencyKey?: string;
}

/** An item that was answered. `end`: the byte behind its line, from which a later download goes on. */
export interface JobResult {
  readonly customId: string;
  readonly result: CaseOutcome;
  readonly end: number;
}

/** A line that was none, or an item without an answer; `code` says why, `error` as one of ours. */
export interface JobError {
  /** Null where the line had none to read; `line` counts from 1. */
  readonly customId: string | null;
  readonly code: string;
  readonly message: string;
  readonly line: number | null;
  readonly error: NoAnswer | Refused | null;
  readonly end: number;
}

/** 200 MiB over a slow line, and all of its tries. */
const UPLOAD_MS = 3_600_000;

export class Jobs {
  readonly #runner: Runner;

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  /**
   * Hand over a job: pairs of a name and a request, or a file of lines as the service documents them (in Node:
   * `await fs.openAsBlob(path)`). At most 50,000 and 200 MiB. Pairs are read to their end and kept until the service
   * has them, so that a try that is lost half-way is followed by one from the start; a key makes one job of all tries.
   */
  async submit(cases: Blob | Iterable<NamedCase> | AsyncIterable<NamedCase>, options: JobOptions = {}): Promise<Job> {
    const body = cases instanceof Blob ? cases : await linesOf(cases);
    const key = options.idempotencyKey ?? crypto.randomUUID();
    const query = {
      priority: options.priority,
      concurrency: options.concurrency,
      per_minute: options.perMinute,
      max_cost_usd: options.maxCostUsd,
      expires_in_s: options.expiresInS,
      kept_s: options.keptS,
      metadata: options.metadata && encoded(options.metadata),
    };
    const headers = { "content-type": NDJSON, "idempotency-key": key };
    const call = { method: "POST", path: "/v1/jobs", query, headers, body };
    return this.#runner.run({ call, read: into<Job>, repeatable: true, deadlineMs: UPLOAD_MS }, options);
  }

  /** A job as it is now: state, counts, outcomes, costs. */
  get(id: string, options?: CallOptions): Promise<Job> {
    return this.#runner.run(get(pathOf(id), into<Job>), options);
  }

  /** Jobs, the newest first; `after` is the last id of the page before. */
  list(page: { after?: string; limit?: number } = {}, options?: CallOptions): Promise<JobList> {
    return this.#runner.run(get("/v1/jobs", into<JobList>, page), options);
  }

  /** End what is in work. Results that are there stay. */
  cancel(id: string, options?: CallOptions): Promise<Job> {
    return this.#runner.run(bare("POST", pathOf(id, "/cancel"), into<Job>), options);
  }

  /** End what is in work, and drop the job with its results. One that is gone already is dropped. */
  async forget(id: string, options?: CallOptions): Promise<void> {
    try {
      await this.#runner.run(bare("DELETE", pathOf(id), () => undefined), options);
    } catch (error) {
      if (!(error instanceof Refused && error.status === 404)) throw error;
    }
  }

  /** The job, whenever it changed, until it has ended. */
  watch(id: string, options?: CallOptions): AsyncGenerator<Job, void, undefined> {
    return this.#runner.follow(new Following(pathOf(id, "/events")), options);
  }

  /** What was answered so far, from a byte on. */
  results(id: string, options: CallOptions & { start?: number } = {}): AsyncGenerator<JobResult, void, undefined> {
    return this.#runner.follow(new Download(pathOf(id, "/results"), options.start ?? 0, resultOf), options);
  }

  /** What was not, from a byte on. */
  errors(id: string, options: CallOptions & { start?: number } = {}): AsyncGenerator<JobError, void, undefined> {
    return this.#runner.follow(new Download(pathOf(id, "/errors"), options.start ?? 0, errorLineOf), options);
  }
}

async function linesOf(cases: Iterable<NamedCase> | AsyncIterable<NamedCase>): Promise<Blob> {
  const lines: string[] = [];
  for await (const [customId, body] of cases) {
    lines.push(`${encoded({ custom_id: customId, method: "POST", url: "/v1/scores", body })}\n`);
  }
  return new Blob(lines);
}

function pathOf(id: string, part = ""): string {
  return `/v1/jobs/${encodeURIComponent(id)}${part}`;
}

function bare<T>(method: string, path: string, read: Operation<T>["read"]): Operation<T> {
  return { call: { method, path }, read, repeatable: true };
}

interface Line {
  readonly custom_id: string | null;
  readonly response?: { readonly status_code: number; readonly body: Score | Problem } | null;
  readonly error?: { readonly code: string; readonly message: string; readonly line?: number | null } | null;
}

function resultOf(text: string, end: number): JobResult {
  const { custom_id, response } = parsed<Line>(text);
  if (typeof custom_id !== "string" || !response) {
    throw new Incompatible("a line of the job's results is none of this API");
  }
  return { customId: custom_id, result: outcomeOf(response.body as Score), end };
}

function errorLineOf(text: string, end: number): JobError {
  const { custom_id: customId, error: told, response } = parsed<Line>(text);
  if (!told) throw new Incompatible("a line of the job's errors is none of this API");
  const error = response ? errorOf(response.body as Problem, response.status_code, null) : null;
  return { customId, code: told.code, message: told.message, line: told.line ?? null, error, end };
}
