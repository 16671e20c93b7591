/** Many cases in one call: each answered by an outcome, or by the error that a single request would have thrown. */

import { into, type Operation, parsed, post, type Reply } from "./calls.js";
import { errorOf, Incompatible, type NoAnswer, type Refused } from "./errors.js";
import type { BatchAnswer, BatchDefaults, BatchEnd, BatchItem, ItemAnswer, ScoreRequest, Spent } from "./models.js";
import { type CaseOutcome, outcomeOf } from "./outcomes.js";

/** As many go in one call. */
export const CAP = 256;

const DETAIL = "the case holds half a character (a lone surrogate) and cannot be sent";
const TYPE = "urn:judge-service:problem:malformed-body"; // as the service itself would say
const UNSENDABLE = { type: TYPE, title: DETAIL, detail: DETAIL, status: 422, retryable: false };
const HALF = /\p{Surrogate}/u;

/** A case among many, which may leave to the defaults what it likes. */
export type CaseOfMany = BatchItem | ScoreRequest;

export interface ManyCases {
  readonly items: ReadonlyArray<CaseOfMany>;
  readonly defaults?: BatchDefaults | undefined;
  readonly max_cost_usd?: number | undefined;
}

/**
 * What came of one case of many; `index` is its place among them, from 0. Ask for `error` first: where it is null there
 * is an outcome, which has a score or none.
 */
export type BatchLine = {
  readonly index: number;
  readonly customId: string | null;
} & ({ readonly error: null; readonly result: CaseOutcome } | { readonly error: NoAnswer | Refused });

/** What came of many cases, in their order; `counts` by outcome, and what the batch itself spent. */
export interface Batch {
  readonly items: ReadonlyArray<BatchLine>;
  readonly counts: Readonly<Record<string, number>>;
  readonly spent: Spent;
}

/** The call that scores these cases. */
export function manyCases(cases: ManyCases): Operation<Batch> {
  const count = cases.items.length;
  if (count < 1 || count > CAP) {
    throw new RangeError(`a batch has 1 to ${CAP} cases, not ${count}; for more: stream, or jobs.submit`);
  }
  const { sent, unsent } = sendable(cases.items);
  const read = (reply: Reply): Batch => {
    const batch = batchOf(reply);
    return { ...batch, items: batch.items.map((line) => unsent.get(line.index) ?? line) };
  };
  return { ...post("/v1/scores:batch", { ...cases, items: sent }, read), repeatable: areKept(cases), bounded: true };
}

/**
 * What is sent of these cases, and what to tell of those that cannot be, by their places: the service refuses a whole
 * body that holds half a character (a lone surrogate). In such a case's place goes an empty one, which is refused alone.
 */
export function sendable(items: ManyCases["items"]) {
  const unsent = new Map<number, BatchLine>();
  const sent = items.map((item, index) => {
    if (!holdsHalf(item)) return item;
    const customId = "custom_id" in item ? (item.custom_id ?? null) : null;
    unsent.set(index, { index, customId, error: errorOf(UNSENDABLE, UNSENDABLE.status, null) });
    return {} as ScoreRequest;
  });
  return { sent, unsent };
}

function holdsHalf(item: CaseOfMany): boolean {
  let found = false;
  JSON.stringify(item, (name, value: unknown) => {
    found ||= HALF.test(name) || (typeof value === "string" && HALF.test(value));
    return value;
  });
  return found;
}

/** Whether what was judged is found again when the answer was lost, so that a repetition costs nothing. */
export function isKept(cache: ScoreRequest["cache"]): boolean {
  return cache === undefined || cache === "use" || cache === "only";
}

/** The same of many. */
export function areKept({ items, defaults }: ManyCases): boolean {
  return items.every((item) => isKept({ ...defaults, ...item }.cache));
}

/** Read a line of a streamed batch; null is its last one, which says that all have come. */
export function lineOf(line: string): BatchLine | null {
  const told = parsed<ItemAnswer | BatchEnd>(line);
  return "done" in told ? null : itemOf(told);
}

function batchOf(reply: Reply): Batch {
  const told = into<BatchAnswer>(reply);
  if (!Array.isArray(told.items)) throw new Incompatible("the service's answer is no batch");
  const items = told.items.map(itemOf).sort((a, b) => a.index - b.index);
  return { items, counts: told.counts, spent: told.spent };
}

function itemOf(row: ItemAnswer): BatchLine {
  const place = { index: row.index, customId: row.custom_id ?? null };
  if (row.score != null && row.problem == null) return { ...place, error: null, result: outcomeOf(row.score) };
  if (row.score != null || row.problem == null) {
    throw new Incompatible("an item of the service's batch needs either a score or a problem");
  }
  const wait = row.retry_after_s == null ? null : row.retry_after_s * 1000;
  return { ...place, error: errorOf(row.problem, row.status, wait) };
}
