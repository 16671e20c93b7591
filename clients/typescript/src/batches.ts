/** Many cases in one call: each answered by an outcome, or by the error that a single request would have thrown. */

import { into, type Operation, parsed, post, type Reply } from "./calls.js";
import { errorOf, Incompatible, type NoAnswer, type Refused } from "./errors.js";
import type { BatchAnswer, BatchDefaults, BatchEnd, BatchItem, ItemAnswer, ScoreRequest, Spent } from "./models.js";
import { type CaseOutcome, outcomeOf } from "./outcomes.js";

/** As many go in one call. */
export const CAP = 256;

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
  return { ...post("/v1/scores:batch", cases, batchOf), repeatable: areKept(cases), bounded: true };
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
