// Shapes of the service's bodies. Made from its OpenAPI document by `make client`: never edit by hand.

/** A text out of a list that the service may add to. */
export type Open<Known extends string> = Known | (string & {});

/** By criterion and judge. */
export interface AltTestAnswer {
  readonly criteria: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly study: string;
  readonly [name: string]: unknown;
}

/** A total of raters and judges: the weighted mean of criteria, on 0 to 100. */
export interface Composite {
  readonly weights: Readonly<Record<string, number>>;
}

/** What belongs to an item. */
export interface ItemFact {
  readonly cluster?: string | number | null;
  readonly covariates?: Readonly<Record<string, number | null>> | null;
  readonly item: string | number;
  readonly subgroups?: Readonly<Record<string, string | number | null>> | null;
}

/** What one judge said, or with `score: null` the outcome that says why it did not. */
export interface JudgeScore {
  readonly criterion: string;
  readonly item: string | number;
  readonly judge: string | number;
  readonly outcome?: string | null;
  readonly repeat?: number | null;
  readonly score?: number | string | boolean | null;
}

/** Every option has a default. */
export interface Options {
  /** Conformal intervals miss this share. */
  readonly alpha?: number;
  readonly alt_test?: "t" | "wilcoxon" | "sign_flip";
  readonly ceiling_margin?: number;
  /** null: the clusters that items declare; `item`; or a subgroup variable. */
  readonly cluster_by?: string | null;
  readonly consensus?: "mean" | "median" | "mode";
  /** null: all of the study's. */
  readonly criteria?: ReadonlyArray<string> | null;
  /** Of the alternative annotator test. */
  readonly epsilon?: number;
  /** null: all of the study's. */
  readonly judges?: ReadonlyArray<string> | null;
  readonly level?: number;
  /** Its false discovery rate. */
  readonly q?: number;
  /** 0: jackknife and analytic intervals only. */
  readonly resamples?: number;
  /** Of every draw. */
  readonly seed?: number;
  /** Variables to split by; null: those of at most 12 groups. */
  readonly subgroups?: ReadonlyArray<string> | null;
}

/** What one physician said; a missing rating is left out. */
export interface Rating {
  readonly criterion: string;
  readonly item: string | number;
  readonly rater: string | number;
  /** A value of the criterion's scale; 3.0 is 3. */
  readonly score: number | string | boolean;
}

/** A declared scale. `values` in their order; `low` and `high` on an interval scale. */
export interface StudyScale {
  readonly high?: number | null;
  readonly kind: "ordinal" | "binary" | "nominal" | "interval";
  readonly low?: number | null;
  readonly values?: ReadonlyArray<number> | ReadonlyArray<string> | null;
}

/** Long rows of physicians and judges. No scale is inferred from scores. */
export interface StudyDocument {
  readonly composites?: Readonly<Record<string, Composite>> | null;
  /** Judge → the instrument it was, where its rows do not say it. */
  readonly fingerprints?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | null;
  readonly items?: ReadonlyArray<ItemFact> | null;
  readonly judge_scores?: ReadonlyArray<JudgeScore> | null;
  readonly ratings?: ReadonlyArray<Rating> | null;
  readonly scales: Readonly<Record<string, ReadonlyArray<number> | StudyScale>>;
  /** Answers of `POST /v1/scores`, as they came. */
  readonly scores?: ReadonlyArray<Readonly<Record<string, unknown>>> | null;
}

/** The alternative annotator test (Calderon et al. 2025). What is not here is under `options`. */
export interface AltTestOrder {
  readonly composites?: Readonly<Record<string, Composite>> | null;
  readonly criteria?: ReadonlyArray<string> | null;
  readonly epsilon?: number;
  readonly fingerprints?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | null;
  readonly items?: ReadonlyArray<ItemFact> | null;
  readonly judge_scores?: ReadonlyArray<JudgeScore> | null;
  readonly judges?: ReadonlyArray<string> | null;
  /** As of a report; each in one place only. */
  readonly options?: Options | null;
  readonly q?: number;
  readonly ratings?: ReadonlyArray<Rating> | null;
  readonly resamples?: number;
  readonly scales?: Readonly<Record<string, ReadonlyArray<number> | StudyScale>> | null;
  readonly scores?: ReadonlyArray<Readonly<Record<string, unknown>>> | null;
  readonly seed?: number;
  /** Left out where the fields of a study stand beside it. */
  readonly study?: string | StudyDocument | null;
  readonly test?: "t" | "wilcoxon" | "sign_flip";
}

/** A picture that belongs to the case. */
export interface Image {
  readonly role?: "question" | "response" | "reference";
  /** `data:image/png;base64,…`; PNG, JPEG or WebP, at most 10 MiB. */
  readonly url: string;
}

/** A case whose id is the item that physicians rated. */
export interface AnchorCase {
  /** For rubrics that judge one claim. */
  readonly claim?: string | null;
  readonly id: string;
  readonly images?: ReadonlyArray<Image>;
  /** Name of the model that gave the response. No judge sees it; a judge of its family is flagged. */
  readonly model?: string | null;
  /** The question that was asked. */
  readonly prompt?: string | null;
  /** An answer known to be good. */
  readonly reference?: string | null;
  /** The answer under judgement. May be empty. */
  readonly response: string;
  /** Labels for later analysis; the judge never sees them. */
  readonly subgroups?: Readonly<Record<string, string>>;
  /** What the image shows, in words. */
  readonly visual_description?: string | null;
}

/** Every score with what the map makes of it. */
export interface AppliedScores {
  readonly criterion: string;
  /** Of the rows with a score; null where none has one. */
  readonly extrapolated_share: number | null;
  readonly levels_may_be_claimed: boolean;
  readonly map: string;
  readonly scores: ReadonlyArray<Readonly<Record<string, unknown>>>;
  readonly [name: string]: unknown;
}

/** A score, and what is known of its item. */
export interface RawScore {
  readonly item?: string | null;
  /** Why there is none; it is told back. */
  readonly outcome?: string | null;
  /** null: there is none, and none comes back. */
  readonly score?: number | null;
  /** Variable → label, a text. */
  readonly subgroups?: Readonly<Record<string, unknown>> | null;
}

/** Scores for a map. */
export interface ApplyOrder {
  readonly scores?: ReadonlyArray<RawScore> | null;
}

/** What the judge said on one criterion in one arm. */
export interface ArmAnswers {
  /** Verdicts, of whatever outcome. */
  readonly answers: number;
  /** Of the levels' values in points; null: there are none. */
  readonly mean: number | null;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Those that have a level. */
  readonly scored: number;
}

/** Tokens over all attempts; null where no provider counted them. */
export interface TokenUsage {
  readonly input_tokens?: number | null;
  readonly output_tokens?: number | null;
}

/** What one arm took. */
export interface ArmCalls {
  readonly asked: number;
  /** Code → how many had no answer, or none to use, for it. */
  readonly failures: Readonly<Record<string, number>>;
  readonly from_cache: number;
  /** What this probe spent on it, in millionths of a US dollar; null as soon as one cost is unknown. */
  readonly spent_microusd: number | null;
  /** Of all attempts; of an answer from the cache, when it was made. */
  readonly usage: TokenUsage;
}

/** One call to the judge. */
export interface Attempt {
  /** Millionths of a US dollar; null: unknown. */
  readonly cost_microusd?: number | null;
  readonly input_tokens?: number | null;
  readonly latency_ms: number;
  /** `ok`, or what went wrong with this call. */
  readonly outcome: string;
  readonly output_tokens?: number | null;
  /** Spent before it: in the judge's queue and between attempts. */
  readonly waited_ms?: number;
}

/** One asking of the judge: where its answer came from and what it cost. */
export interface Asked {
  readonly attempts?: ReadonlyArray<Attempt>;
  readonly cache: Open<"hit" | "miss" | "joined" | "off" | "none">;
  readonly cost_microusd?: number | null;
  readonly flags?: ReadonlyArray<string>;
  readonly model?: string | null;
  readonly model_fingerprint?: string | null;
  readonly schema_mode: Open<"json_schema" | "json_object" | "none">;
  readonly usage?: TokenUsage;
}

/** By criterion: length, family, repeats, changed prompts, subgroups. */
export interface AuditAnswer {
  readonly criteria: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly judge: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly study: string;
  readonly [name: string]: unknown;
}

/** One judge of a study. */
export interface AuditOrder {
  /** The same judge with another order, format or wording: its name in the study. */
  readonly changed?: string | null;
  readonly composites?: Readonly<Record<string, Composite>> | null;
  /** The variable that names the model. */
  readonly family?: string | null;
  readonly fingerprints?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | null;
  readonly items?: ReadonlyArray<ItemFact> | null;
  readonly judge: string;
  readonly judge_scores?: ReadonlyArray<JudgeScore> | null;
  readonly margin?: number | null;
  readonly options?: Options | null;
  /** Judge → its own family. */
  readonly own_families?: Readonly<Record<string, string | null>> | null;
  readonly ratings?: ReadonlyArray<Rating> | null;
  readonly scales?: Readonly<Record<string, ReadonlyArray<number> | StudyScale>> | null;
  readonly scores?: ReadonlyArray<Readonly<Record<string, unknown>>> | null;
  /** Left out where the fields of a study stand beside it. */
  readonly study?: string | StudyDocument | null;
  /** Of `changed`: from it on a score is a yes. */
  readonly threshold?: number | null;
  /** The covariate with the answers' length. */
  readonly tokens?: string | null;
}

/** One criterion's level after a map of that criterion, in the points in which physicians rated it. */
export interface CalibratedCriterion {
  readonly flags?: ReadonlyArray<string>;
  readonly high?: number | null;
  readonly level?: number | null;
  readonly low?: number | null;
  readonly map: string;
  readonly status: Open<"calibrated" | "stale" | "out_of_domain" | "none">;
  readonly value?: number | null;
}

/**
 * The score after a calibration map. The raw score stays what it is.
 *
 * `none`: no map is active for this rubric, judge and mode; or nothing was looked for, because the judge gave
 * no number or none of it was to be calibrated; or the map could not be had, and then the score's flags say
 * `calibration_unavailable` and these why: `map_lost`, `store_failed`, `no_time_left`. `stale`: a map is
 * active, but of another instrument than the one that answered. `out_of_domain`: a map is there, and what it
 * was to be applied to was not in its study: the score, a subgroup, a total over fewer criteria
 * (`partial_total`), a panel of which a member gave no level (`panel_incomplete`), no number at all
 * (`no_number`). `map` names the map for both; neither has a number.
 */
export interface Calibrated {
  /** Criteria that have a map of their own. */
  readonly criteria?: Readonly<Record<string, CalibratedCriterion>>;
  readonly flags?: ReadonlyArray<string>;
  readonly map?: string | null;
  readonly score?: number | null;
  readonly status?: Open<"calibrated" | "stale" | "out_of_domain" | "none">;
}

/** How far the members of a panel that scored a criterion are apart. Nulls: there is nothing to compare. */
export interface Disagreement {
  /** Highest minus lowest value, in points. */
  readonly range?: number | null;
  /** Members that gave a level. */
  readonly scored: number;
  /** Weighted standard deviation of the values, in points, with n below the line. */
  readonly sd?: number | null;
  /** Of their weight that is on the chosen level. */
  readonly share: number;
}

/** Why no answer could be had from the judge, for callers that may ask again. */
export interface Failure {
  readonly code: string;
  readonly detail: string;
  readonly retry_after_s?: number | null;
  readonly retryable: boolean;
}

/** One field that is at fault. */
export interface Fault {
  readonly detail: string;
  /** JSON pointer into the body. */
  readonly pointer: string;
}

/** Where the score may lie; its source says what the level means. */
export interface Interval {
  readonly high: number;
  readonly level: number;
  readonly low: number;
  readonly source: string;
}

/** One judge that a cascade asked. */
export interface Step {
  readonly judge: string;
  readonly model?: string | null;
  readonly outcome: "scored" | Open<"provider_error" | "timeout" | "cost_cap" | "rejected_input" | "missing_input" | "refused" | "truncated" | "unparsable" | "off_scale" | "degenerate_response" | "no_quorum" | "no_distribution" | "abstained" | "needs_human">;
  /** This step's, which is the answer's only if it is the last. */
  readonly score?: number | null;
  /** Why the cascade went on from here, or ended. */
  readonly why: string;
  /** Of its interval, in points; null: it has none. */
  readonly width?: number | null;
}

/** Everything needed to say how the score came about, and to get it again. */
export interface Provenance {
  /** Of the call that made the verdicts, also on a hit. */
  readonly attempts?: ReadonlyArray<Attempt>;
  /** `joined`: an equal question was already under way; `none`: there was nothing to judge. */
  readonly cache: Open<"hit" | "miss" | "joined" | "off" | "none">;
  /**
   * Of the call that made the verdicts, also on a hit: over all attempts, in millionths of a US dollar; null where
   * that of any attempt is unknown.
   */
  readonly cost_microusd?: number | null;
  /** SHA-256 of each picture as the judge was shown it. */
  readonly images?: ReadonlyArray<string>;
  /** What judged: `llm`, `lexical-baseline`, `scripted`, `panel`, `cascade`, or `guard` when no judge was asked. */
  readonly instrument: string;
  readonly is_llm: boolean;
  readonly judge: string;
  readonly judge_kind: string;
  readonly mode: Open<"text" | "image">;
  readonly model?: string | null;
  readonly model_fingerprint?: string | null;
  /** Of a cascade: what was asked, in its order. The last one gave the verdicts. */
  readonly path?: ReadonlyArray<Step>;
  /**
   * Date of the list of prices behind the cost; `settings`: the judge's own price; `free`: no provider is asked;
   * null: no price is known, or nothing was asked.
   */
  readonly prices_as_of?: string | null;
  /** Of the template's text, not of the rendered prompt. */
  readonly prompt_digest: string;
  readonly rubric: string;
  readonly rubric_digest: string;
  readonly sampling?: Readonly<Record<string, unknown>>;
  readonly schema_mode: Open<"json_schema" | "json_object" | "none">;
  /** What of the verdicts the total is the mean of. */
  readonly score_from?: Open<"level" | "expected">;
  readonly service_version: string;
  /**
   * What this request itself spent: 0 where the verdicts were in the cache or another request's call made them;
   * null: unknown.
   */
  readonly spent_microusd?: number | null;
  /**
   * Tokens of the calls that this request itself made: 0 where there were none; null as soon as one attempt was not
   * counted.
   */
  readonly spent_usage?: TokenUsage;
  readonly usage?: TokenUsage;
}

/** The judge chose a level of the scale. */
export interface Scored {
  /** Of a panel: the member whose reason and quotations these are. */
  readonly by?: string | null;
  /** Of a panel's members. */
  readonly disagreement?: Disagreement | null;
  /** Probability of each level, by its label, given that there is one. */
  readonly distribution?: Readonly<Record<string, number>> | null;
  /** The tokens of one reply, several replies, the guard, which is in no doubt, or the members of a panel. */
  readonly distribution_from?: Open<"tokens" | "samples" | "guard" | "members"> | null;
  /** Probability of the levels together; the rest was null, or not seen. */
  readonly distribution_mass?: number | null;
  /** Why there is no distribution although one was asked for. */
  readonly distribution_withheld?: Open<"tokens_not_told" | "level_not_located" | "mass_unseen" | "mass_impossible"> | null;
  /** Quotations the judge leans on. */
  readonly evidence?: ReadonlyArray<string>;
  /** Mean of the levels' values under the distribution. */
  readonly expected?: number | null;
  readonly flags?: ReadonlyArray<string>;
  /** The level's label on its scale. */
  readonly level: number | string;
  readonly outcome: "scored";
  /** The judge's reason, in its words. */
  readonly rationale: string;
  /** 100 times the level's, of a panel the members' weighted mean; null on a nominal scale. */
  readonly value: number | null;
  readonly weight: number;
}

/** There is no level, and this is why. It has no number and never gets one. */
export interface Unscored {
  readonly flags?: ReadonlyArray<string>;
  readonly level?: null;
  readonly outcome: Open<"provider_error" | "timeout" | "cost_cap" | "rejected_input" | "missing_input" | "refused" | "truncated" | "unparsable" | "off_scale" | "degenerate_response" | "no_quorum" | "no_distribution" | "abstained" | "needs_human">;
  /** The judge's own words, when it abstains. */
  readonly rationale?: string | null;
  /** Why, in our words; it quotes nothing of the case. */
  readonly reason: string;
  readonly value?: null;
  readonly weight: number;
}

/** What one member of a panel said. */
export interface Member {
  readonly criteria: Readonly<Record<string, Scored | Unscored>>;
  readonly failure?: Failure | null;
  readonly flags?: ReadonlyArray<string>;
  readonly outcome: "scored" | Open<"provider_error" | "timeout" | "cost_cap" | "rejected_input" | "missing_input" | "refused" | "truncated" | "unparsable" | "off_scale" | "degenerate_response" | "no_quorum" | "no_distribution" | "abstained" | "needs_human">;
  readonly provenance: Provenance;
  readonly reason?: string | null;
  /** What the total would be by this member alone. */
  readonly score: number | null;
}

/** An error, as RFC 9457 shapes it, with what a client needs to decide whether to ask again. */
export interface Problem {
  /** Calls to judges that were made for the request. */
  readonly attempts?: number | null;
  readonly code?: string | null;
  readonly detail: string;
  readonly errors?: ReadonlyArray<Fault>;
  /** The outcome, where a judge gave no answer. */
  readonly outcome?: string | null;
  /** Of a cascade: the judges that were asked. */
  readonly path?: ReadonlyArray<Step> | null;
  readonly request_id?: string | null;
  readonly retryable: boolean;
  /** What these have cost, in millionths of a US dollar. Not told where it is unknown. */
  readonly spent_microusd?: number | null;
  readonly status: number;
  readonly title: string;
  /** Stable; compare this, not the title. */
  readonly type: string;
}

/** The answer to one scoring request. */
export interface Score {
  readonly calibrated?: Calibrated;
  readonly case_id?: string | null;
  /** False when criteria were left out of the total. */
  readonly comparable?: boolean;
  readonly criteria: Readonly<Record<string, Scored | Unscored>>;
  readonly failure?: Failure | null;
  readonly flags?: ReadonlyArray<string>;
  readonly id: string;
  readonly interval?: Interval | null;
  /** Criteria the total does without. */
  readonly left_out?: ReadonlyArray<string>;
  /** Of a panel: what each member said, by its name. */
  readonly members?: Readonly<Record<string, Member>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly outcome: "scored" | Open<"provider_error" | "timeout" | "cost_cap" | "rejected_input" | "missing_input" | "refused" | "truncated" | "unparsable" | "off_scale" | "degenerate_response" | "no_quorum" | "no_distribution" | "abstained" | "needs_human">;
  readonly provenance: Provenance;
  readonly range?: readonly [number, number];
  /** Why there is no number. */
  readonly reason?: string | null;
  /** A number only when the outcome is `scored`. */
  readonly score: number | null;
  /** Of the case, as they came. */
  readonly subgroups?: Readonly<Record<string, string>>;
}

/** What a single `POST /v1/scores` would have answered: a score, or a problem. */
export interface ItemAnswer {
  /** The item's, as it came. */
  readonly custom_id?: string | null;
  /** Of the item in the request, from 0. */
  readonly index: number;
  /** Why there is no score. */
  readonly problem?: Problem | null;
  /** Whole seconds; what `Retry-After` would have said. */
  readonly retry_after_s?: number | null;
  readonly score?: Score | null;
  /** The status that a single request would have had. */
  readonly status: number;
}

/** What this batch itself used; what the cache answered, or another request's call, costs nothing here. */
export interface Spent {
  /** Items for which a judge was asked. */
  readonly asked: number;
  /** Millionths of a US dollar; null where any cost is unknown. */
  readonly cost_microusd: number | null;
  /** Null where those of any item are unknown. */
  readonly input_tokens: number | null;
  /** Null likewise. */
  readonly output_tokens: number | null;
  /** As in a score's provenance. */
  readonly prices_as_of: string | null;
}

/** The answer to `POST /v1/scores:batch`. */
export interface BatchAnswer {
  /**
   * Items by outcome; one whose problem names no outcome, by the last part of the problem's type: `malformed_body`,
   * `rubric_not_found`, `image_rejected`, `cost_cap`, …
   */
  readonly counts: Readonly<Record<string, number>>;
  /** In the order of the request. */
  readonly items: ReadonlyArray<ItemAnswer>;
  readonly spent: Spent;
}

/** What every item has that does not say otherwise: any field of a scoring request but its case. */
export interface BatchDefaults {
  /** `refresh` asks anew and keeps the answer; `only` never asks a judge. */
  readonly cache?: "use" | "refresh" | "only" | "off";
  /**
   * `auto` applies the active map of this rubric, judge and mode; a map's id demands that one and is refused with
   * 409 when it is of another instrument; `none` applies none.
   */
  readonly calibration?: string;
  /** When the answer must be there; the header X-Request-Deadline-Ms may be smaller and then wins. Default 120000. */
  readonly deadline_ms?: number | null;
  /** Name of a configured judge. */
  readonly judge?: string;
  /**
   * Most that answering may cost, in US dollars. A call whose worst case is more than what is left is not made: 422
   * `cost-cap`. What is in the cache costs nothing.
   */
  readonly max_cost_usd?: number | null;
  /** Yours; comes back as it is. */
  readonly metadata?: Readonly<Record<string, string | number | boolean | null>>;
  /** `auto` reads the visual description when there is one, and else looks at the images. */
  readonly mode?: "auto" | "text" | "image";
  /** What one unscored criterion means for the total. */
  readonly partial?: "forbid" | "renormalise";
  /** `id` (its latest version) or `id@version`. */
  readonly rubric?: string;
  /**
   * How often the judge is asked; more than once needs a temperature above 0, and gives each verdict the level that
   * came most often and a distribution.
   */
  readonly samples?: number;
}

/** The last line of a stream; one without it is cut. */
export interface BatchEnd {
  /**
   * Items by outcome; one whose problem names no outcome, by the last part of the problem's type: `malformed_body`,
   * `rubric_not_found`, `image_rejected`, `cost_cap`, …
   */
  readonly counts: Readonly<Record<string, number>>;
  readonly done: true;
  readonly spent: Spent;
}

/** A question, a response to judge, and what is known to be true. */
export interface Case {
  /** For rubrics that judge one claim. */
  readonly claim?: string | null;
  /** Yours; comes back, never part of the cache key. */
  readonly id?: string | null;
  readonly images?: ReadonlyArray<Image>;
  /** Name of the model that gave the response. No judge sees it; a judge of its family is flagged. */
  readonly model?: string | null;
  /** The question that was asked. */
  readonly prompt?: string | null;
  /** An answer known to be good. */
  readonly reference?: string | null;
  /** The answer under judgement. May be empty. */
  readonly response: string;
  /** Labels for later analysis; the judge never sees them. */
  readonly subgroups?: Readonly<Record<string, string>>;
  /** What the image shows, in words. */
  readonly visual_description?: string | null;
}

/** One item of a batch: the body of `POST /v1/scores`, and a name of yours. */
export interface BatchItem {
  /** `refresh` asks anew and keeps the answer; `only` never asks a judge. */
  readonly cache?: "use" | "refresh" | "only" | "off";
  /**
   * `auto` applies the active map of this rubric, judge and mode; a map's id demands that one and is refused with
   * 409 when it is of another instrument; `none` applies none.
   */
  readonly calibration?: string;
  readonly case: Case;
  /** Yours; comes back with the item's answer. */
  readonly custom_id?: string | null;
  /** When the answer must be there; the header X-Request-Deadline-Ms may be smaller and then wins. Default 120000. */
  readonly deadline_ms?: number | null;
  /** Name of a configured judge. */
  readonly judge?: string;
  /**
   * Most that answering may cost, in US dollars. A call whose worst case is more than what is left is not made: 422
   * `cost-cap`. What is in the cache costs nothing.
   */
  readonly max_cost_usd?: number | null;
  /** Yours; comes back as it is. */
  readonly metadata?: Readonly<Record<string, string | number | boolean | null>>;
  /** `auto` reads the visual description when there is one, and else looks at the images. */
  readonly mode?: "auto" | "text" | "image";
  /** What one unscored criterion means for the total. */
  readonly partial?: "forbid" | "renormalise";
  /** `id` (its latest version) or `id@version`. */
  readonly rubric?: string;
  /**
   * How often the judge is asked; more than once needs a temperature above 0, and gives each verdict the level that
   * came most often and a distribution.
   */
  readonly samples?: number;
}

/** The body of `POST /v1/scores:batch`. */
export interface BatchRequest {
  /**
   * When all answers must be there; an item's own deadline, and the header X-Request-Deadline-Ms, may be smaller
   * and then win. Default 120000.
   */
  readonly deadline_ms?: number | null;
  /** Fields for every item that lacks them. A field that an item has counts alone: objects are not merged. */
  readonly defaults?: BatchDefaults;
  /** Each is the body of a single `POST /v1/scores`. One that is not is answered with its own problem. */
  readonly items: ReadonlyArray<BatchItem>;
  /**
   * Most that all items may cost together, in US dollars; an item's own cap holds as well. A call whose worst case
   * is more than what is left is not made: its item has the problem `cost-cap`.
   */
  readonly max_cost_usd?: number | null;
}

/** Where a map is to be in force. */
export interface Binding {
  /** Name of a configured judge. */
  readonly judge: string;
  /** The rubric's first mode. */
  readonly mode?: "text" | "image";
  readonly rubric: string;
}

/** By criterion: statistics of both and their difference, and tests. */
export interface CompareAnswer {
  readonly criteria: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly judges: ReadonlyArray<string>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly study: string;
  readonly [name: string]: unknown;
}

/** Two judges of a study. */
export interface CompareOrder {
  readonly composites?: Readonly<Record<string, Composite>> | null;
  readonly fingerprints?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | null;
  readonly items?: ReadonlyArray<ItemFact> | null;
  readonly judge_a: string;
  readonly judge_b: string;
  readonly judge_scores?: ReadonlyArray<JudgeScore> | null;
  readonly options?: Options | null;
  readonly ratings?: ReadonlyArray<Rating> | null;
  readonly scales?: Readonly<Record<string, ReadonlyArray<number> | StudyScale>> | null;
  readonly scores?: ReadonlyArray<Readonly<Record<string, unknown>>> | null;
  /** Left out where the fields of a study stand beside it. */
  readonly study?: string | StudyDocument | null;
}

/** What the judge said of one criterion in one asking. */
export interface Said {
  readonly evidence?: ReadonlyArray<string>;
  readonly flags?: ReadonlyArray<string>;
  /** Of one response judged by itself. */
  readonly level?: number | string | null;
  readonly outcome: "scored" | Open<"provider_error" | "timeout" | "cost_cap" | "rejected_input" | "missing_input" | "refused" | "truncated" | "unparsable" | "off_scale" | "degenerate_response" | "no_quorum" | "no_distribution" | "abstained" | "needs_human">;
  /** Of both responses shown together. */
  readonly prefers?: Open<"a" | "b" | "tie"> | null;
  /** The judge's words; its `first` and `second` are those of this asking. */
  readonly rationale?: string | null;
  /** Why there is neither. */
  readonly reason?: string | null;
}

/**
 * One criterion over both askings.
 *
 * `compared`: the two do not contradict each other. `position_flip`: they do: one prefers a and the other b,
 * which
 * is to say that the judge chose the same position twice. That is an answer about the judge and not about
 * the responses: there is no winner. Any other outcome: at least one asking has no answer, and `reason` says why.
 */
export interface ComparedCriterion {
  readonly flipped?: boolean;
  readonly outcome: Open<"compared" | "position_flip"> | Open<"provider_error" | "timeout" | "cost_cap" | "rejected_input" | "missing_input" | "refused" | "truncated" | "unparsable" | "off_scale" | "degenerate_response" | "no_quorum" | "no_distribution" | "abstained" | "needs_human">;
  /**
   * Mean over the askings of 1 for a, 0 for a tie and -1 for b: 0.5 and -0.5 where one asking names a winner and
   * the other a tie, 0 for a tie and for a flip.
   */
  readonly preference?: number | null;
  readonly reason?: string | null;
  /** Empty where nobody was asked. */
  readonly said: Readonly<Record<string, Said>>;
  readonly weight: number;
  readonly winner?: Open<"a" | "b" | "tie"> | null;
}

/** What the order did, over the criteria that were answered in both orders. */
export interface Position {
  /** Answered in both orders. */
  readonly criteria: number;
  /** Of them: each order preferred another response. */
  readonly flips: number;
  /** One order named a winner and the other a tie. */
  readonly half: number;
  /** Flips in which the response shown first was preferred both times. */
  readonly to_first: number;
  /** Flips in which the one shown second was. */
  readonly to_second: number;
}

/**
 * The answer to one comparison.
 *
 * `provenance` is that of a score, over all askings: attempts one after the other, tokens and cost summed
 * (null where one is unknown), `cache` of the dearest asking, `prompt_digest` of what was asked for comparing.
 */
export interface Comparison {
  /**
   * `a_first` and `b_first`: both responses shown, in that order. `a` and `b`: each judged by itself. Empty: nobody
   * was asked.
   */
  readonly asked: Readonly<Record<string, Asked>>;
  readonly case_id?: string | null;
  /** False when criteria were left out of the whole. */
  readonly comparable?: boolean;
  readonly criteria: Readonly<Record<string, ComparedCriterion>>;
  readonly failure?: Failure | null;
  readonly flags?: ReadonlyArray<string>;
  readonly id: string;
  /** Criteria the whole does without. */
  readonly left_out?: ReadonlyArray<string>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly outcome: Open<"compared" | "position_flip"> | Open<"provider_error" | "timeout" | "cost_cap" | "rejected_input" | "missing_input" | "refused" | "truncated" | "unparsable" | "off_scale" | "degenerate_response" | "no_quorum" | "no_distribution" | "abstained" | "needs_human">;
  readonly position: Position;
  /** Σ w·p / Σ w over the criteria: 1 where a is better by all of them, -1 where b is. */
  readonly preference: number | null;
  readonly provenance: Provenance;
  readonly range?: readonly [number, number];
  /** Why there is no winner. */
  readonly reason?: string | null;
  /** Of the case, as they came. */
  readonly subgroups?: Readonly<Record<string, string>>;
  /** By the sign of the preference. */
  readonly winner?: Open<"a" | "b" | "tie"> | null;
}

/** The two answers. What they are called decides nothing: each is shown first once. */
export interface Responses {
  /** One answer. May be empty. */
  readonly a: string;
  /** The other answer. May be empty. */
  readonly b: string;
}

/** A question, two responses to it, and what is known to be true: a case with two responses for one. */
export interface Pair {
  /** For rubrics that judge one claim. */
  readonly claim?: string | null;
  /** Yours; comes back. */
  readonly id?: string | null;
  /** Of the question or the reference; never of a response. */
  readonly images?: ReadonlyArray<Image>;
  /** Names of the models that gave the responses. No judge sees them; a judge of the family of one is flagged. */
  readonly models?: Readonly<Record<string, string>>;
  /** The question that was asked. */
  readonly prompt?: string | null;
  /** An answer known to be good. */
  readonly reference?: string | null;
  readonly responses: Responses;
  /** Labels for later analysis; the judge never sees them. */
  readonly subgroups?: Readonly<Record<string, string>>;
  /** What the image shows, in words. */
  readonly visual_description?: string | null;
}

/** The body of `POST /v1/comparisons`. */
export interface ComparisonRequest {
  /** `refresh` asks anew and keeps the answers; `only` never asks a judge. */
  readonly cache?: "use" | "refresh" | "only" | "off";
  readonly case: Pair;
  /** When the answer must be there; the header X-Request-Deadline-Ms may be smaller and then wins. Default 120000. */
  readonly deadline_ms?: number | null;
  /** Name of a configured judge. */
  readonly judge?: string;
  /** Most that both orders together may cost, in US dollars; as of a score. */
  readonly max_cost_usd?: number | null;
  /** Yours; comes back as it is. */
  readonly metadata?: Readonly<Record<string, string | number | boolean | null>>;
  /** `auto` reads the visual description when there is one, and else looks at the images. */
  readonly mode?: "auto" | "text" | "image";
  /** What one criterion without a comparison means for the whole. */
  readonly partial?: "forbid" | "renormalise";
  /** `id` (its latest version) or `id@version`; with levels in order. */
  readonly rubric: string;
}

/** How it was made, and for whom it speaks. */
export interface ConfidenceInterval {
  readonly generalises_to: Open<"these_raters" | "other_raters" | "sampled_items">;
  readonly high: number;
  readonly level: number;
  readonly low: number;
  /** Monte-Carlo standard error of a limit, where it was drawn. */
  readonly mc_error: number | null;
  readonly method: string;
}

/** One admissible answer on a scale. */
export interface Level {
  /** What the judge answers: an integer, or a word. */
  readonly label: number | string;
  /** The anchor: when this level is right. */
  readonly means: string;
  /** Worth in [0, 1]; absent on a nominal scale. */
  readonly value?: number | null;
}

/** How the embedded lexical judge goes about a criterion; without it, that judge abstains. */
export interface LexicalMeasure {
  readonly against?: Open<"reference" | "visual_description" | "claim"> | null;
  /** Whether the response may say more than the text it is compared with. */
  readonly extra_is_fine?: boolean;
  /** Which level each relation means; for entailment on a nominal scale. */
  readonly levels?: Readonly<Record<string, number | string>>;
  readonly measure: Open<"agreement" | "entailment" | "self_consistency" | "cohesion">;
}

/** A closed set of levels: ordinal and binary ones are ordered and carry values, nominal ones need not. */
export interface Scale {
  readonly kind: Open<"ordinal" | "nominal" | "binary">;
  readonly levels: ReadonlyArray<Level>;
}

/** One property, judged by itself. */
export interface Criterion {
  readonly id: string;
  readonly lexical?: LexicalMeasure | null;
  /** Inputs of a case without which the criterion cannot be judged, by mode. */
  readonly needs: Readonly<Record<string, ReadonlyArray<Open<"prompt" | "response" | "reference" | "claim" | "visual_description" | "images">>>>;
  /** What the judge is asked. */
  readonly question: string;
  readonly scale: Scale;
  readonly title: string;
  /** Share in the total, relative to the others. */
  readonly weight?: number;
  /** The level that an empty or content-free response gets; absent: it stays unscored. */
  readonly when_degenerate?: number | string | null;
}

/**
 * How an arm's verdicts on one criterion differ from those on the same cases as they are.
 *
 * A pair is a case's verdict as it is and its verdict in the arm, both scored or one of them abstained; with
 * images that really differ, but for `again`, which shows the same ones.
 */
export interface Shift {
  /** Pairs scored as they are and abstained in the arm. */
  readonly began_to_abstain: number;
  /** Share of pairs that changed in any of these three ways. */
  readonly changed_share: number | null;
  /** Scored pairs with two levels. */
  readonly level_changed: number;
  /** Arm minus as it is, in points, over the scored pairs; null: there are none. */
  readonly mean: number | null;
  /**
   * That so many changes or more came by chance, given how many asking again brought: Fisher's exact test, one-
   * sided. Null for `again`, and where there is nothing to compare.
   */
  readonly p: number | null;
  readonly pairs: number;
  /** Cases left out, for the arm's images are, pixel by pixel, the case's own. */
  readonly same_images: number;
  /** Pairs in which both are scored. */
  readonly scored: number;
  /** Pairs abstained as they are and scored in the arm. */
  readonly stopped_abstaining: number;
}

/** Whether the images move what the judge says on one criterion. */
export interface CriterionLook {
  readonly arms: Readonly<Record<string, ArmAnswers>>;
  readonly looked: boolean | null;
  /** By the rubric; these criteria decide for the judge as a whole. */
  readonly needs_images: boolean;
  readonly reason: string;
  /** Of the arms `blanked`, `swapped` and `again`. */
  readonly shifts: Readonly<Record<string, Shift>>;
}

/** In words: the figure, its interval, the ceiling beside it. */
export interface JudgeVerdict {
  readonly line: string;
  readonly sentence: string;
  readonly [name: string]: unknown;
}

/** One figure: a number with its interval, or null with the reason. `definition` is in the catalogue. */
export interface Statistic {
  readonly aliases: ReadonlyArray<string>;
  readonly ci: ConfidenceInterval | null;
  readonly definition: string;
  readonly estimate: number | null;
  readonly label: string;
  readonly n_items: number | null;
  readonly n_raters: number | null;
  readonly n_ratings: number | null;
  readonly name: string;
  readonly notes: ReadonlyArray<string>;
  readonly reason: string | null;
  readonly status: Open<"ok" | "undefined" | "insufficient" | "suppressed">;
  readonly [name: string]: unknown;
}

/** One judge against physicians and against the human ceiling. */
export interface JudgeSection {
  readonly outcomes: Readonly<Record<string, unknown>>;
  readonly per_rater: ReadonlyArray<Readonly<Record<string, unknown>>>;
  readonly statistics: Readonly<Record<string, Statistic>>;
  readonly verdict: JudgeVerdict;
  readonly [name: string]: unknown;
}

/** Physicians among themselves. */
export interface RaterSection {
  readonly pairs: ReadonlyArray<Readonly<Record<string, unknown>>>;
  readonly per_rater: ReadonlyArray<Readonly<Record<string, unknown>>>;
  readonly statistics: Readonly<Record<string, Statistic>>;
  readonly [name: string]: unknown;
}

/** One criterion. */
export interface CriterionSection {
  readonly judges: Readonly<Record<string, JudgeSection>>;
  readonly raters: RaterSection;
  readonly scale: Readonly<Record<string, unknown>>;
  readonly [name: string]: unknown;
}

/** One statistic. */
export interface Definition {
  readonly formula: string;
  readonly label: string;
  readonly means: string;
  readonly min_n: number;
  readonly name: string;
  readonly source: string;
  readonly [name: string]: unknown;
}

/** The catalogue. */
export interface Definitions {
  readonly definitions: ReadonlyArray<Definition>;
}

/** By criterion: the shift, its tests, a verdict. */
export interface DriftAnswer {
  readonly criteria: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly judges: Readonly<Record<string, string>>;
  readonly study: string;
  readonly [name: string]: unknown;
}

/** An anchor set scored by the judge as it was and as it is. */
export interface DriftOrder {
  /** The covariate in whose order items came to be rated: errors at every look. */
  readonly arrival?: string | null;
  readonly composites?: Readonly<Record<string, Composite>> | null;
  readonly family?: string | null;
  readonly fingerprints?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | null;
  readonly items?: ReadonlyArray<ItemFact> | null;
  readonly judge_after: string;
  readonly judge_before: string;
  readonly judge_scores?: ReadonlyArray<JudgeScore> | null;
  readonly map?: Readonly<Record<string, unknown>> | null;
  /** In points; a twentieth of the scale. */
  readonly margin?: number | null;
  readonly monitor?: boolean | null;
  readonly options?: Options | null;
  readonly ratings?: ReadonlyArray<Rating> | null;
  readonly scales?: Readonly<Record<string, ReadonlyArray<number> | StudyScale>> | null;
  readonly scores?: ReadonlyArray<Readonly<Record<string, unknown>>> | null;
  /** Left out where the fields of a study stand beside it. */
  readonly study?: string | StudyDocument | null;
}

/** Knots from scores of `from` to the scale of `to`, and Deming regression. */
export interface EquateAnswer {
  readonly criterion: string;
  readonly deming: Readonly<Record<string, unknown>>;
  readonly equating: Readonly<Record<string, unknown>>;
  readonly study: string;
  readonly to: string;
  readonly [name: string]: unknown;
}

/** One judge's scores on another one's scale. */
export interface EquateOrder {
  readonly composites?: Readonly<Record<string, Composite>> | null;
  readonly criterion: string;
  /** Error variance of a's scores over that of b's, for Deming regression. */
  readonly error_ratio?: number | null;
  readonly fingerprints?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | null;
  readonly items?: ReadonlyArray<ItemFact> | null;
  /** On whose scale the scores come to be. */
  readonly judge_a: string;
  /** Whose scores are moved. */
  readonly judge_b: string;
  readonly judge_scores?: ReadonlyArray<JudgeScore> | null;
  readonly method?: "linear" | "equipercentile" | null;
  readonly ratings?: ReadonlyArray<Rating> | null;
  readonly scales?: Readonly<Record<string, ReadonlyArray<number> | StudyScale>> | null;
  readonly scores?: ReadonlyArray<Readonly<Record<string, unknown>>> | null;
  /** Left out where the fields of a study stand beside it. */
  readonly study?: string | StudyDocument | null;
}

/** Means of models and their differences. */
export interface EstimateAnswer {
  readonly criterion: string;
  readonly differences: ReadonlyArray<Readonly<Record<string, unknown>>>;
  readonly judge: string;
  readonly models: ReadonlyArray<Readonly<Record<string, unknown>>>;
  readonly study: string;
  readonly [name: string]: unknown;
}

/** Means of models. */
export interface EstimateOrder {
  /**
   * The variable that names the model; null: there is one. Left out: `model_family`, or one model where the study
   * has no such variable.
   */
  readonly by?: string | null;
  readonly cluster_by?: string | null;
  readonly composites?: Readonly<Record<string, Composite>> | null;
  readonly criterion: string;
  readonly fingerprints?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | null;
  readonly items?: ReadonlyArray<ItemFact> | null;
  readonly judge: string;
  readonly judge_scores?: ReadonlyArray<JudgeScore> | null;
  readonly level?: number | null;
  /** The covariate with each item's probability of being labelled. */
  readonly probabilities?: string | null;
  readonly ratings?: ReadonlyArray<Rating> | null;
  readonly scales?: Readonly<Record<string, ReadonlyArray<number> | StudyScale>> | null;
  readonly scores?: ReadonlyArray<Readonly<Record<string, unknown>>> | null;
  readonly seed?: number | null;
  readonly simultaneous?: "max_t" | "bonferroni" | null;
  readonly strata?: string | null;
  /** Left out where the fields of a study stand beside it. */
  readonly study?: string | StudyDocument | null;
}

/** One judge of a study on one criterion; `score` is the total. */
export interface FitOrder {
  readonly activate?: boolean;
  readonly alpha?: number | null;
  readonly bind?: Binding | null;
  readonly binding?: Readonly<Record<string, unknown>> | null;
  /** Subgroup variable of the intervals. */
  readonly by?: string | null;
  readonly cluster_by?: string | null;
  readonly composites?: Readonly<Record<string, Composite>> | null;
  readonly criterion: string;
  readonly fingerprint?: Readonly<Record<string, unknown>> | null;
  readonly fingerprints?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | null;
  readonly folds?: number | null;
  readonly items?: ReadonlyArray<ItemFact> | null;
  readonly judge: string;
  readonly judge_scores?: ReadonlyArray<JudgeScore> | null;
  /** `auto` chooses by grouped cross-validation. */
  readonly method?: string | null;
  readonly ratings?: ReadonlyArray<Rating> | null;
  readonly repeats?: number | null;
  readonly scales?: Readonly<Record<string, ReadonlyArray<number> | StudyScale>> | null;
  readonly scores?: ReadonlyArray<Readonly<Record<string, unknown>>> | null;
  readonly seed?: number | null;
  /** Left out where the fields of a study stand beside it. */
  readonly study?: string | StudyDocument | null;
}

/** A map as plain data: straight lines between `knots`, an interval of `conformal` half-widths. */
export interface MapArtefact {
  readonly criterion: string;
  /** Scores and subgroups that it was fitted on. */
  readonly domain: Readonly<Record<string, unknown>>;
  readonly format: number;
  readonly id: string;
  /** Name, fingerprint of the instrument, and binding. */
  readonly judge: Readonly<Record<string, unknown>>;
  readonly kind: "judge-calibration-map";
  readonly knots: ReadonlyArray<ReadonlyArray<number>>;
  readonly method: string;
  readonly [name: string]: unknown;
}

/** A map and whether it is in force. `kept`: it never was. */
export interface FittedMap {
  readonly id: string;
  readonly map: MapArtefact;
  readonly status: Open<"active" | "retired" | "kept">;
}

/** Items by how far they are; `total` is known once all lines have been read. */
export interface JobCounts {
  /** With a score, or with a typed reason for none. */
  readonly completed?: number;
  /** Without an answer; each has a line in `errors`. */
  readonly failed?: number;
  readonly total?: number;
}

/** Why a job as a whole failed, or where a line was at fault. */
export interface JobFault {
  readonly code: string;
  readonly line?: number | null;
  readonly message: string;
}

/** What the judges' calls used; a sum with an unknown part is null, never 0. */
export interface JobUsage {
  /** Spent for this job, in micro-dollars. */
  readonly cost_microusd?: number | null;
  readonly input_tokens?: number | null;
  readonly output_tokens?: number | null;
}

/** A job as its owner sees it. */
export interface Job {
  readonly cancelled_at?: number | null;
  readonly cancelling_at?: number | null;
  readonly completed_at?: number | null;
  readonly concurrency?: number | null;
  readonly counts: JobCounts;
  /** Seconds since 1970, as are all times here. */
  readonly created_at: number;
  readonly endpoint: "/v1/scores";
  /** Size of `/errors` now. */
  readonly errors_bytes?: number;
  readonly expired_at?: number | null;
  /** What is not finished by then ends as `expired` in `errors`. */
  readonly expires_at: number;
  readonly failed_at?: number | null;
  readonly faults?: ReadonlyArray<JobFault>;
  readonly finalizing_at?: number | null;
  readonly id: string;
  readonly in_progress_at?: number | null;
  /** The uploaded file that it was made of. */
  readonly input_file_id?: string | null;
  /** After its end: when it is forgotten. */
  readonly kept_until?: number | null;
  readonly max_cost_usd?: number | null;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly object: "job";
  /** Finished items by outcome; of those without an answer, by code. */
  readonly outcomes?: Readonly<Record<string, number>>;
  readonly per_minute?: number | null;
  readonly priority: Open<"high" | "normal" | "low">;
  /** Size of `/results` now. */
  readonly results_bytes?: number;
  readonly state: Open<"validating" | "in_progress" | "finalizing" | "completed" | "failed" | "expired" | "cancelling" | "cancelled">;
  readonly usage: JobUsage;
  /** Workers that are alive now; with 0, nothing goes on. Null: not known. */
  readonly workers?: number | null;
}

/** Jobs of one tenant, the newest first. */
export interface JobList {
  readonly data: ReadonlyArray<Job>;
  readonly has_more: boolean;
}

/** A configured judge; never its key or its address. */
export interface JudgeSummary {
  readonly images: boolean;
  readonly instrument: string;
  readonly is_llm: boolean;
  readonly kind: string;
  /** A panel's members, or the steps of a cascade in their order. */
  readonly made_of?: ReadonlyArray<string>;
  readonly max_concurrency: number;
  /** Most pixels of one image, if it takes fewer than the service opens. */
  readonly max_image_pixels: number | null;
  /** Most images of one case; a case with more is refused. Null: it is shown none. */
  readonly max_images: number | null;
  readonly model: string | null;
  readonly name: string;
  readonly sampling: Readonly<Record<string, unknown>>;
}

/** Every judge a request may name. */
export interface JudgeList {
  readonly judges: ReadonlyArray<JudgeSummary>;
}

/** A study's id, and what it looks like. */
export interface KeptStudy {
  readonly profile: Readonly<Record<string, unknown>>;
  readonly study_id: string;
  readonly warnings: ReadonlyArray<string>;
}

/** Picks, each with its probability; for reliability also how many ratings an item needs. */
export interface LabelsAnswer {
  readonly objective: string;
  readonly picks?: ReadonlyArray<Readonly<Record<string, unknown>>> | null;
  readonly ratings_per_item?: number | null;
  readonly [name: string]: unknown;
}

/** What to label next. */
export interface LabelsOrder {
  readonly alpha?: number | null;
  readonly budget?: number | null;
  readonly by?: string | null;
  readonly composites?: Readonly<Record<string, Composite>> | null;
  readonly criterion: string;
  readonly fingerprints?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | null;
  readonly items?: ReadonlyArray<ItemFact> | null;
  readonly judge?: string | null;
  readonly judge_scores?: ReadonlyArray<JudgeScore> | null;
  /** An artefact: the width of its intervals is the uncertainty. */
  readonly map?: Readonly<Record<string, unknown>> | null;
  readonly objective: "mean" | "map" | "subgroups" | "reliability";
  readonly ratings?: ReadonlyArray<Rating> | null;
  readonly scales?: Readonly<Record<string, ReadonlyArray<number> | StudyScale>> | null;
  readonly scores?: ReadonlyArray<Readonly<Record<string, unknown>>> | null;
  readonly seed?: number | null;
  /** Left out where the fields of a study stand beside it. */
  readonly study?: string | StudyDocument | null;
  /** Reliability to reach. */
  readonly target?: number | null;
}

/** The process answers. */
export interface Liveness {
  readonly status: "alive";
}

/** A map in short. `fits`: whether it is of the instrument that is configured where it is bound. */
export interface MapRow {
  readonly binding: Readonly<Record<string, unknown>> | null;
  readonly criterion: string;
  readonly fits: boolean | null;
  readonly id: string;
  readonly judge: string | null;
  readonly method: string | null;
  readonly n_items: number | null;
  readonly status: Open<"active" | "retired" | "kept">;
}

/** Maps by id. */
export interface MapList {
  /** Whether others sort behind the last: ask again with `after`. */
  readonly has_more: boolean;
  readonly maps: ReadonlyArray<MapRow>;
}

/** Whether scores are to be calibrated by it. */
export interface MapStatus {
  readonly status: "active" | "retired";
}

/** A report that was asked for and is fetched from its location; `completed`: it is there already. */
export interface PendingReport {
  readonly id: string;
  readonly location: string;
  readonly state: Open<"in_progress" | "completed">;
}

/** How many items or labels. */
export interface PowerAnswer {
  readonly asked: Readonly<Record<string, unknown>>;
  readonly kind: string;
  readonly method: string;
  readonly [name: string]: unknown;
}

/** `kind`, and what that kind needs: the answer names what is missing, and what is not known. */
export interface PowerOrder {
  readonly kind: "pearson" | "icc" | "limits" | "coefficient" | "conformal" | "mean" | "alt_test";
}

/**
 * Whether a judge looks at the images it is shown.
 *
 * `looked` is true when blanking or swapping the images changed more verdicts than asking again did, by more than
 * chance (`p` at most `threshold`); false when each arm that has pairs has at least five, no arm changed a larger
 * share than asking again, and asking again changed at most a fifth, or when every answer with images came from a
 * provider that dropped them; else null: too few, or too noisy, to tell.
 */
export interface ProbeReport {
  readonly arms: Readonly<Record<string, ArmCalls>>;
  readonly cases: number;
  readonly criteria: Readonly<Record<string, CriterionLook>>;
  /** Of any answer; and `answers_vary`: the temperature is above 0. */
  readonly flags?: ReadonlyArray<string>;
  readonly judge: string;
  readonly looked: boolean | null;
  /** That answered. */
  readonly models: ReadonlyArray<string>;
  readonly reason: string;
  readonly rubric: string;
  readonly sampling: Readonly<Record<string, unknown>>;
  /** 0.05, shared out among the tests that decide. */
  readonly threshold: number;
  /** Of one prompt, as the provider counted when the judge's images were last checked; null: never. */
  readonly tokens_with_images: number | null;
  /** Of the same prompt without its images. */
  readonly tokens_without_images: number | null;
}

/** The body of `POST /v1/judges/{name}/probe`. */
export interface ProbeRequest {
  /** Each with an image. Five or more can tell. */
  readonly cases: ReadonlyArray<Case>;
  /**
   * When the report must be there; what has no answer by then is a timeout in its arm. The header X-Request-
   * Deadline-Ms may be smaller and then wins.
   */
  readonly deadline_ms?: number;
  /**
   * Most that all arms together may cost, in US dollars; as of a score. Where it does not last, there is no report,
   * and what was answered is in the cache.
   */
  readonly max_cost_usd?: number | null;
  /** How often each case is asked again as it is, to see how much the judge varies by itself. */
  readonly repeats?: number;
  /** `id` or `id@version`; it must have image mode. */
  readonly rubric: string;
  /**
   * Images to show in place of each case's own. Default: those of the next case in the list, and of the first after
   * the last.
   */
  readonly swap_with?: ReadonlyArray<Image>;
}

/** Whether requests should be sent here. */
export interface Readiness {
  /** Parts that are away; scores are served without them. */
  readonly degraded?: ReadonlyArray<string>;
  /** `waiting`: a part is away that nothing can be done without. */
  readonly status: Open<"ready" | "waiting" | "draining">;
}

/** Physicians among themselves, and every judge against them, by criterion. */
export interface Report {
  readonly audits?: Readonly<Record<string, unknown>> | null;
  /** Where `include` names them; so the next two. */
  readonly comparisons?: Readonly<Record<string, unknown>> | null;
  readonly criteria: Readonly<Record<string, CriterionSection>>;
  readonly format: number;
  readonly library: string;
  readonly means?: Readonly<Record<string, unknown>> | null;
  /** As they were taken, defaults included. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The study's profile. */
  readonly study: Readonly<Record<string, unknown>>;
  readonly warnings: ReadonlyArray<string>;
  readonly [name: string]: unknown;
}

/** A report on a study. */
export interface ReportOrder {
  readonly composites?: Readonly<Record<string, Composite>> | null;
  readonly fingerprints?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | null;
  /**
   * What it holds besides: pairs of judges, biases of each, means of the models they scored. Default: nothing; of a
   * page, everything.
   */
  readonly include?: ReadonlyArray<"comparisons" | "audits" | "means"> | null;
  readonly items?: ReadonlyArray<ItemFact> | null;
  readonly judge_scores?: ReadonlyArray<JudgeScore> | null;
  readonly options?: Options | null;
  readonly ratings?: ReadonlyArray<Rating> | null;
  readonly scales?: Readonly<Record<string, ReadonlyArray<number> | StudyScale>> | null;
  readonly scores?: ReadonlyArray<Readonly<Record<string, unknown>>> | null;
  /** Left out where the fields of a study stand beside it. */
  readonly study?: string | StudyDocument | null;
}

/** A rubric in full, with the template of its prompt and the schema of its answer. */
export interface RubricDocument {
  readonly about: string;
  readonly aggregate: string;
  readonly answer_schema: Readonly<Record<string, unknown>>;
  readonly criteria: ReadonlyArray<Criterion>;
  readonly digest: string;
  readonly id: string;
  readonly modes: ReadonlyArray<Open<"text" | "image">>;
  readonly prompt_digest: string;
  readonly template: string;
  readonly title: string;
  readonly version: number;
}

/** A rubric in one line. */
export interface RubricSummary {
  /** Criterion id → weight. */
  readonly criteria: Readonly<Record<string, number>>;
  readonly digest: string;
  readonly id: string;
  readonly modes: ReadonlyArray<Open<"text" | "image">>;
  readonly title: string;
  readonly version: number;
}

/** Every rubric and version that can be asked for. */
export interface RubricList {
  readonly rubrics: ReadonlyArray<RubricSummary>;
}

/** The body of `POST /v1/scores`, and one row of a file. */
export interface ScoreRequest {
  /** `refresh` asks anew and keeps the answer; `only` never asks a judge. */
  readonly cache?: "use" | "refresh" | "only" | "off";
  /**
   * `auto` applies the active map of this rubric, judge and mode; a map's id demands that one and is refused with
   * 409 when it is of another instrument; `none` applies none.
   */
  readonly calibration?: string;
  readonly case: Case;
  /** When the answer must be there; the header X-Request-Deadline-Ms may be smaller and then wins. Default 120000. */
  readonly deadline_ms?: number | null;
  /** Name of a configured judge. */
  readonly judge?: string;
  /**
   * Most that answering may cost, in US dollars. A call whose worst case is more than what is left is not made: 422
   * `cost-cap`. What is in the cache costs nothing.
   */
  readonly max_cost_usd?: number | null;
  /** Yours; comes back as it is. */
  readonly metadata?: Readonly<Record<string, string | number | boolean | null>>;
  /** `auto` reads the visual description when there is one, and else looks at the images. */
  readonly mode?: "auto" | "text" | "image";
  /** What one unscored criterion means for the total. */
  readonly partial?: "forbid" | "renormalise";
  /** `id` (its latest version) or `id@version`. */
  readonly rubric: string;
  /**
   * How often the judge is asked; more than once needs a temperature above 0, and gives each verdict the level that
   * came most often and a distribution.
   */
  readonly samples?: number;
}

/** Ids of kept studies. */
export interface StudyList {
  /** Whether others sort behind the last: ask again with `after`. */
  readonly has_more: boolean;
  readonly studies: ReadonlyArray<string>;
}

/** What the swap changes. */
export interface SwapAnswer {
  readonly criteria: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** `old` and `new`. */
  readonly judges: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, unknown>>;
  /** Judge → criterion → outcome → rows. */
  readonly outcomes: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>>;
  /** Where the service scored them itself. */
  readonly scored_cases?: number | null;
  readonly sentence: string;
  readonly study: string;
  readonly verdict: Open<"equivalent" | "different" | "inconclusive">;
  readonly [name: string]: unknown;
}

/** Two judges and anchor cases, which the service scores with both before it compares them. */
export interface SwapOrder {
  readonly cases: ReadonlyArray<AnchorCase>;
  readonly criteria?: ReadonlyArray<string> | null;
  /** The judge in use. */
  readonly judge_a: string;
  /** The judge that would take its place. */
  readonly judge_b: string;
  /** A shift within ± this many points is none; one, or by criterion. */
  readonly margin?: number | Readonly<Record<string, number>> | null;
  readonly mode?: "auto" | "text" | "image";
  /** As of a report. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Physicians' ratings by case id: item, criterion, rater, score. */
  readonly ratings?: ReadonlyArray<Readonly<Record<string, unknown>>>;
  /** `id`, or `id@version`. */
  readonly rubric: string;
  /** Decisions turn at this score; one, or by criterion. */
  readonly threshold?: number | Readonly<Record<string, number>> | null;
}

/** Two judges of a study, one in place of the other. */
export interface SwapStudyOrder {
  readonly composites?: Readonly<Record<string, Composite>> | null;
  readonly criteria?: ReadonlyArray<string> | null;
  readonly fingerprints?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | null;
  readonly items?: ReadonlyArray<ItemFact> | null;
  readonly judge_a: string;
  readonly judge_b: string;
  readonly judge_scores?: ReadonlyArray<JudgeScore> | null;
  /** A shift within ± this many points is none; a twentieth of the scale. */
  readonly margin?: number | Readonly<Record<string, number>> | null;
  readonly options?: Options | null;
  readonly ratings?: ReadonlyArray<Rating> | null;
  readonly scales?: Readonly<Record<string, ReadonlyArray<number> | StudyScale>> | null;
  readonly scores?: ReadonlyArray<Readonly<Record<string, unknown>>> | null;
  /** Left out where the fields of a study stand beside it. */
  readonly study?: string | StudyDocument | null;
  /** Decisions turn at this score; one, or by criterion. */
  readonly threshold?: number | Readonly<Record<string, number>> | null;
}

/** A study that holds both judges' scores, or cases. */
export type SwapEitherOrder = SwapStudyOrder | SwapOrder;

/** What a client compares with what it was made for. */
export interface Version {
  /** Level of the API. It changes when a client has to: fields, routes and names that are added leave it as it is. */
  readonly api: number;
  /** Of the service. */
  readonly version: string;
}
