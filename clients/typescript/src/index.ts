/** Client of the Judge Service: a score is either honest or null, and null cannot be overlooked. */

export type { Batch, BatchLine, CaseOfMany } from "./batches.js";
export { type ClientOptions, JudgeClient } from "./client.js";
export { Incompatible, JudgeClientError, NoAnswer, Refused, Unreachable } from "./errors.js";
export type { JobError, JobOptions, JobResult, Jobs, NamedCase } from "./jobs.js";
export type * as models from "./models.js";
export type {
  CaseOutcome,
  ComparedOutcome,
  NoPreference,
  Preferred,
  ScoredCase,
  ScoredVerdict,
  UnscoredCase,
  UnscoredVerdict,
  Verdict,
} from "./outcomes.js";
export type { Chance, Patience } from "./patience.js";
export type { CallOptions } from "./running.js";
export { API_LEVEL, VERSION } from "./version.js";
