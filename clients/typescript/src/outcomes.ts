/**
 * What a judge said, as types that cannot be read wrongly: where there is no number, there is no field for one. Ask
 * `kind` first. In plain JavaScript, who reads a number that is not there gets an error that says so.
 */

import { Incompatible } from "./errors.js";
import type { Comparison, Interval, Score, Scored, Unscored } from "./models.js";

/** A criterion on which the judge chose a level. `value`: in points, 0 to 100; null on a nominal scale. */
export interface ScoredVerdict {
  readonly kind: "scored";
  readonly level: number | string;
  readonly value: number | null;
  readonly rationale: string;
  readonly verdict: Scored;
}

/** A criterion without a level, and why. */
export interface UnscoredVerdict {
  readonly kind: "unscored";
  readonly outcome: string;
  readonly reason: string;
  readonly verdict: Unscored;
}

export type Verdict = ScoredVerdict | UnscoredVerdict;
export type Verdicts = Readonly<Record<string, Verdict>>;

/** A case with a score, in points from 0 to 100. */
export interface ScoredCase {
  readonly kind: "scored";
  readonly score: number;
  /** Where the score may lie, where that is known. */
  readonly interval: Interval | null;
  readonly criteria: Verdicts;
  /** Everything that the service said: members of a panel, calibration, costs, metadata. */
  readonly answer: Score;
}

/**
 * A case without a score, and why. It never counts as 0. `outcome` is the service's: `refused`, `truncated`,
 * `unparsable`, `abstained`, …; or `no_numeric_scale`, where every criterion was judged and the rubric's scale has no
 * numbers to make a total of.
 */
export interface UnscoredCase {
  readonly kind: "unscored";
  readonly outcome: string;
  readonly reason: string;
  readonly criteria: Verdicts;
  readonly answer: Score;
}

export type CaseOutcome = ScoredCase | UnscoredCase;

/** One response is better, or neither is: `winner` is `a`, `b` or `tie`; `preference` is from -1 (b) to 1 (a). */
export interface Preferred {
  readonly kind: "preferred";
  readonly winner: string;
  readonly preference: number;
  readonly answer: Comparison;
}

/** There is no winner, and why: the two orders contradict each other (`position_flip`), or an outcome. */
export interface NoPreference {
  readonly kind: "none";
  readonly outcome: string;
  readonly reason: string;
  readonly answer: Comparison;
}

export type ComparedOutcome = Preferred | NoPreference;

const MOST = 100; // points
const NO_REASON = "no reason was given";

/** A score as it may be read. One that contradicts itself is of no API of ours. */
export function outcomeOf(answer: Score): CaseOutcome {
  if (typeof answer.outcome !== "string") throw new Incompatible("the service's answer has no outcome");
  const criteria = verdictsOf(answer.criteria);
  if (typeof answer.score === "number" && answer.outcome === "scored") {
    checkPoints(answer.score);
    const interval = answer.interval ?? null;
    return { kind: "scored", score: answer.score, interval, criteria, answer };
  }
  if (answer.score !== null) {
    throw new Incompatible("the service's answer has no score to read, or one although its outcome is none");
  }
  if (answer.outcome !== "scored") {
    const reason = answer.reason ?? NO_REASON;
    return numberless({ kind: "unscored", outcome: answer.outcome, reason, criteria, answer }, "score", "interval");
  }
  if (!answer.flags?.includes("no_numeric_scale")) {
    throw new Incompatible("the service's answer is scored and has no score");
  }
  const [outcome, reason] = ["no_numeric_scale", "the rubric's scale has no numbers"];
  return numberless({ kind: "unscored", outcome, reason, criteria, answer }, "score", "interval");
}

/** A comparison as it may be read. */
export function comparedOf(answer: Comparison): ComparedOutcome {
  const { outcome, winner, preference } = answer;
  if (outcome === "compared" && typeof winner === "string" && typeof preference === "number") {
    if (!(Math.abs(preference) <= 1)) {
      throw new Incompatible("the service's comparison has a preference that is not from -1 to 1");
    }
    return { kind: "preferred", winner, preference, answer };
  }
  if (typeof outcome !== "string" || outcome === "compared" || winner != null || preference != null) {
    throw new Incompatible("the service's comparison contradicts itself");
  }
  return numberless({ kind: "none", outcome, reason: answer.reason ?? NO_REASON, answer }, "winner", "preference");
}

function verdictsOf(criteria: Score["criteria"] | null | undefined): Verdicts {
  if (typeof criteria !== "object" || criteria === null) throw new Incompatible("the service's answer has no criteria");
  return Object.fromEntries(Object.entries(criteria).map(([name, told]) => [name, verdictOf(told)]));
}

function verdictOf(told: Scored | Unscored | null): Verdict {
  if (typeof told?.outcome !== "string") throw new Incompatible("a criterion of the service's answer has no outcome");
  if (isScored(told)) {
    if (typeof told.level !== "string" && !Number.isFinite(told.level)) {
      throw new Incompatible("the service's answer has a level that is none");
    }
    if (told.value !== null) checkPoints(told.value);
    return { kind: "scored", level: told.level, value: told.value, rationale: told.rationale, verdict: told };
  }
  const { outcome, reason } = told;
  return numberless({ kind: "unscored", outcome, reason, verdict: told }, "level", "value");
}

/** 1e999 is JSON, and no score; nor is a text with digits in it. */
function checkPoints(points: unknown): void {
  if (!(typeof points === "number" && points >= 0 && points <= MOST)) {
    throw new Incompatible(`the service's answer has a score that is not from 0 to ${MOST}`);
  }
}

function isScored(told: Scored | Unscored): told is Scored {
  return told.outcome === "scored";
}

/** The same thing, which says so when a program that no compiler has seen asks it for a number. */
function numberless<T extends UnscoredCase | UnscoredVerdict | NoPreference>(told: T, ...absent: string[]): T {
  for (const name of absent) {
    const get = (): never => {
      throw new TypeError(`there is no ${name}: \`outcome\` and \`reason\` say why; ask \`kind\` first`);
    };
    Object.defineProperty(told, name, { get, enumerable: false });
  }
  return told;
}
