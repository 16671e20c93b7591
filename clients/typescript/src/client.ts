/** The client. */

import { type Batch, type BatchLine, CAP, type CaseOfMany, isKept, type ManyCases, manyCases } from "./batches.js";
import { get, into, post, type Reply, WAY_BACK_MS } from "./calls.js";
import { BatchStream } from "./courses.js";
import { Incompatible } from "./errors.js";
import { Jobs } from "./jobs.js";
import type {
  BatchDefaults,
  Comparison,
  ComparisonRequest,
  JudgeSummary,
  RubricDocument,
  RubricSummary,
  Score,
  ScoreRequest,
  Version,
} from "./models.js";
import { type CaseOutcome, type ComparedOutcome, comparedOf, outcomeOf } from "./outcomes.js";
import { CHANCE, type Chance, type Patience, patienceOf } from "./patience.js";
import { type CallOptions, Runner, version, type Wiring } from "./running.js";
import { VERSION } from "./version.js";

export interface ClientOptions {
  readonly tenant?: string;
  /** They go with every call, a gateway's key for one, and win over ours. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly patience?: Partial<Patience>;
  readonly fetch?: typeof fetch;
  readonly chance?: Partial<Chance>;
}

/**
 * Speaks to a Judge Service; to be kept and shared. Before its first call it asks the service for the level of its API.
 *
 *     const told = await new JudgeClient("http://127.0.0.1:8080").score({ rubric: "medical-qa", case: { response } });
 *     console.log(told.kind === "scored" ? told.score : told.reason);
 */
export class JudgeClient {
  readonly #runner: Runner;
  /** Many cases in the background. */
  readonly jobs: Jobs;

  constructor(url: string, options: ClientOptions | Wiring = {}) {
    this.#runner = new Runner("fit" in options ? options : wired(url, options));
    this.jobs = new Jobs(this.#runner);
  }

  /** The same client with another patience. */
  withPatience(patience: Partial<Patience>): JudgeClient {
    const { wiring } = this.#runner;
    return new JudgeClient(wiring.url, { ...wiring, patience: patienceOf({ ...wiring.patience, ...patience }) });
  }

  /**
   * Score one case. Ends as a `ScoredCase` or an `UnscoredCase`; throws `NoAnswer` where no judge answered, `Refused`
   * where the request is at fault.
   */
  score(request: ScoreRequest, options?: CallOptions): Promise<CaseOutcome> {
    const read = (reply: Reply): CaseOutcome => outcomeOf(into<Score>(reply));
    return this.#runner.run({ ...post("/v1/scores", request, read), ...asking(request) }, options);
  }

  /** Ask which of two responses is better, in both orders: `Preferred` or `NoPreference`. */
  compare(request: ComparisonRequest, options?: CallOptions): Promise<ComparedOutcome> {
    const read = (reply: Reply): ComparedOutcome => comparedOf(into<Comparison>(reply));
    return this.#runner.run({ ...post("/v1/comparisons", request, read), ...asking(request) }, options);
  }

  /**
   * Score up to 256 cases in one call, answered together and in their order. `defaults` are fields for every case that
   * lacks them. A case at fault harms no other. For more cases, or as each is done: `stream`; for thousands:
   * `jobs.submit`.
   */
  async scoreMany(
    items: ReadonlyArray<CaseOfMany>,
    { defaults, maxCostUsd, ...options }: CallOptions & { defaults?: BatchDefaults; maxCostUsd?: number } = {},
  ): Promise<Batch> {
    return this.#runner.run(manyCases({ items, defaults, max_cost_usd: maxCostUsd }), options);
  }

  /** Score any number of cases, 256 at a time, and give each as it is done: `index` is its place. */
  async *stream(
    cases: Iterable<CaseOfMany> | AsyncIterable<CaseOfMany>,
    { defaults, ...options }: CallOptions & { defaults?: BatchDefaults } = {},
  ): AsyncGenerator<BatchLine, void, undefined> {
    const deadlineMs = options.deadlineMs ?? this.#runner.wiring.patience.deadlineMs;
    let first = 0;
    for await (const items of chunks(cases)) {
      const many: ManyCases = { items, defaults };
      yield* this.#runner.follow(new BatchStream(many, first, deadlineMs), options);
      first += items.length;
    }
  }

  /** Every judge that a request may name. */
  judges(options?: CallOptions): Promise<ReadonlyArray<JudgeSummary>> {
    return this.#runner.run(get("/v1/judges", listed<JudgeSummary>("judges")), options);
  }

  /** Every rubric and version, in a line each. */
  rubrics(options?: CallOptions): Promise<ReadonlyArray<RubricSummary>> {
    return this.#runner.run(get("/v1/rubrics", listed<RubricSummary>("rubrics")), options);
  }

  /** A rubric in full: `id` for its latest version, or `id@version`. */
  rubric(id: string, options?: CallOptions): Promise<RubricDocument> {
    return this.#runner.run(get(`/v1/rubrics/${encodeURIComponent(id)}`, into<RubricDocument>), options);
  }

  /** The service's version and the level of its API. */
  version(options?: CallOptions): Promise<Version> {
    return this.#runner.run(version, options);
  }
}

function wired(url: string, options: ClientOptions): Wiring {
  if (!/^https?:\/\//.test(url)) throw new TypeError("the address of a service begins with http:// or https://");
  const tenant: Record<string, string> = options.tenant === undefined ? {} : { "x-tenant": options.tenant };
  const given = Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    url: url.replace(/\/+$/, ""),
    headers: { "user-agent": `judge-client-ts/${VERSION}`, ...tenant, ...Object.fromEntries(given) },
    fetch: options.fetch ?? ((...call) => fetch(...call)),
    patience: patienceOf(options.patience ?? {}),
    chance: { ...CHANCE, ...options.chance },
    fit: { checked: false },
  };
}

function asking(request: ScoreRequest | ComparisonRequest) {
  const deadlineMs = request.deadline_ms == null ? undefined : request.deadline_ms + WAY_BACK_MS;
  return { repeatable: isKept(request.cache), bounded: true, deadlineMs };
}

function listed<T>(key: string): (reply: Reply) => ReadonlyArray<T> {
  return (reply) => {
    const rows = into<Record<string, unknown>>(reply)[key];
    if (!Array.isArray(rows)) throw new Incompatible(`the service's answer has no list of ${key}`);
    return rows as T[];
  };
}

async function* chunks(cases: Iterable<CaseOfMany> | AsyncIterable<CaseOfMany>): AsyncGenerator<CaseOfMany[]> {
  let gathered: CaseOfMany[] = [];
  for await (const one of cases) {
    gathered.push(one);
    if (gathered.length < CAP) continue;
    yield gathered;
    gathered = [];
  }
  if (gathered.length > 0) yield gathered;
}
