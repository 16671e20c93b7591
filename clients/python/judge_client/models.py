"""Shapes of the service's bodies. Made from its OpenAPI document by `make client`: never edit by hand.

In what is told, a closed list of names is a plain text: the service may add names, and says so in its notes.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, RootModel, Tag

from judge_client.shapes import AskedOpenShape, AskedShape, Number, ToldOpenShape, ToldShape, by


class AltTestAnswer(ToldOpenShape):
    """By criterion and judge."""

    criteria: dict[str, dict[str, dict[str, Any]]]
    options: dict[str, Any]
    study: str


class Composite(AskedShape):
    """A total of raters and judges: the weighted mean of criteria, on 0 to 100."""

    weights: Mapping[str, float]


class ItemFact(AskedShape):
    """What belongs to an item."""

    cluster: str | int | None = None
    covariates: Mapping[str, float | None] | None = None
    item: str | int
    subgroups: Mapping[str, str | int | None] | None = None


class JudgeScore(AskedShape):
    """What one judge said, or with `score: null` the outcome that says why it did not."""

    criterion: str
    item: str | int
    judge: str | int
    outcome: str | None = None
    repeat: Annotated[int, Field(ge=0, le=10000)] | None = None
    score: float | str | bool | None = None


class Options(AskedShape):
    """Every option has a default."""

    alpha: Annotated[float, Field(ge=0.01, le=0.5)] = 0.1
    """Conformal intervals miss this share."""
    alt_test: Literal["t", "wilcoxon", "sign_flip"] = "t"
    ceiling_margin: Annotated[float, Field(ge=0, le=1)] = 0.05
    cluster_by: str | None = None
    """null: the clusters that items declare; `item`; or a subgroup variable."""
    consensus: Literal["mean", "median", "mode"] = "mean"
    criteria: Annotated[Sequence[str], Field(min_length=1)] | None = None
    """null: all of the study's."""
    epsilon: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Of the alternative annotator test."""
    judges: Annotated[Sequence[str], Field(min_length=1)] | None = None
    """null: all of the study's."""
    level: Annotated[float, Field(ge=0.5, le=0.999)] = 0.95
    q: Annotated[float, Field(ge=0.0001, le=0.5)] = 0.05
    """Its false discovery rate."""
    resamples: Annotated[int, Field(ge=0, le=20000)] = 2000
    """0: jackknife and analytic intervals only."""
    seed: Annotated[int, Field(ge=0, le=4294967295)] = 0
    """Of every draw."""
    subgroups: Sequence[str] | None = None
    """Variables to split by; null: those of at most 12 groups."""


class Rating(AskedShape):
    """What one physician said; a missing rating is left out."""

    criterion: str
    item: str | int
    rater: str | int
    score: float | str | bool
    """A value of the criterion's scale; 3.0 is 3."""


class StudyScale(AskedShape):
    """A declared scale. `values` in their order; `low` and `high` on an interval scale."""

    high: float | None = None
    kind: Literal["ordinal", "binary", "nominal", "interval"]
    low: float | None = None
    values: Sequence[float] | Sequence[str] | None = None


class StudyDocument(AskedShape):
    """Long rows of physicians and judges. No scale is inferred from scores."""

    composites: Mapping[str, Composite] | None = None
    fingerprints: Mapping[str, Mapping[str, Any]] | None = None
    """Judge → the instrument it was, where its rows do not say it."""
    items: Sequence[ItemFact] | None = None
    judge_scores: Sequence[JudgeScore] | None = None
    ratings: Sequence[Rating] | None = None
    scales: Annotated[Mapping[str, Sequence[float] | StudyScale], Field(min_length=1, max_length=200)]
    scores: Sequence[Mapping[str, Any]] | None = None
    """Answers of `POST /v1/scores`, as they came."""


class AltTestOrder(AskedShape):
    """The alternative annotator test (Calderon et al. 2025). What is not here is under `options`."""

    composites: Mapping[str, Composite] | None = None
    criteria: Annotated[Sequence[str], Field(min_length=1)] | None = None
    epsilon: Annotated[float, Field(ge=0, le=1)] = 0.2
    fingerprints: Mapping[str, Mapping[str, Any]] | None = None
    items: Sequence[ItemFact] | None = None
    judge_scores: Sequence[JudgeScore] | None = None
    judges: Annotated[Sequence[str], Field(min_length=1)] | None = None
    options: Options | None = None
    """As of a report; each in one place only."""
    q: Annotated[float, Field(ge=0.0001, le=0.5)] = 0.05
    ratings: Sequence[Rating] | None = None
    resamples: Annotated[int, Field(ge=0, le=20000)] = 2000
    scales: Mapping[str, Sequence[float] | StudyScale] | None = None
    scores: Sequence[Mapping[str, Any]] | None = None
    seed: Annotated[int, Field(ge=0, le=4294967295)] = 0
    study: str | StudyDocument | None = None
    """Left out where the fields of a study stand beside it."""
    test: Literal["t", "wilcoxon", "sign_flip"] = "t"


class Image(AskedShape):
    """A picture that belongs to the case."""

    role: Literal["question", "response", "reference"] = "question"
    url: Annotated[str, Field(max_length=13981113)]
    """`data:image/png;base64,…`; PNG, JPEG or WebP, at most 10 MiB."""


class AnchorCase(AskedShape):
    """A case whose id is the item that physicians rated."""

    claim: Annotated[str, Field(max_length=64000)] | None = None
    """For rubrics that judge one claim."""
    id: Annotated[str, Field(min_length=1, max_length=256)]
    images: Annotated[Sequence[Image], Field(max_length=8)] = ()
    model: Annotated[str, Field(max_length=256)] | None = None
    """Name of the model that gave the response. No judge sees it; a judge of its family is flagged."""
    prompt: Annotated[str, Field(max_length=64000)] | None = None
    """The question that was asked."""
    reference: Annotated[str, Field(max_length=64000)] | None = None
    """An answer known to be good."""
    response: Annotated[str, Field(max_length=64000)]
    """The answer under judgement. May be empty."""
    subgroups: Annotated[Mapping[str, str], Field(max_length=16)] = Field(default_factory=dict)
    """Labels for later analysis; the judge never sees them."""
    visual_description: Annotated[str, Field(max_length=64000)] | None = None
    """What the image shows, in words."""


class AppliedScores(ToldOpenShape):
    """Every score with what the map makes of it."""

    criterion: str
    extrapolated_share: Number | None
    """Of the rows with a score; null where none has one."""
    levels_may_be_claimed: bool
    map: str
    scores: tuple[dict[str, Any], ...]


class RawScore(AskedShape):
    """A score, and what is known of its item."""

    item: str | None = None
    outcome: str | None = None
    """Why there is none; it is told back."""
    score: float | None = None
    """null: there is none, and none comes back."""
    subgroups: Mapping[str, Any] | None = None
    """Variable → label, a text."""


class ApplyOrder(AskedShape):
    """Scores for a map."""

    scores: Sequence[RawScore] | None = None


class ArmAnswers(ToldShape):
    """What the judge said on one criterion in one arm."""

    answers: int
    """Verdicts, of whatever outcome."""
    mean: Number | None
    """Of the levels' values in points; null: there are none."""
    outcomes: dict[str, int]
    scored: int
    """Those that have a level."""


class TokenUsage(ToldShape):
    """Tokens over all attempts; null where no provider counted them."""

    input_tokens: int | None = None
    output_tokens: int | None = None


class ArmCalls(ToldShape):
    """What one arm took."""

    asked: int
    failures: dict[str, int]
    """Code → how many had no answer, or none to use, for it."""
    from_cache: int
    spent_microusd: int | None
    """What this probe spent on it, in millionths of a US dollar; null as soon as one cost is unknown."""
    usage: TokenUsage
    """Of all attempts; of an answer from the cache, when it was made."""


class Attempt(ToldShape):
    """One call to the judge."""

    cost_microusd: int | None = None
    """Millionths of a US dollar; null: unknown."""
    input_tokens: int | None = None
    latency_ms: Number
    outcome: str
    """`ok`, or what went wrong with this call."""
    output_tokens: int | None = None
    waited_ms: Number = 0
    """Spent before it: in the judge's queue and between attempts."""


class Asked(ToldShape):
    """One asking of the judge: where its answer came from and what it cost."""

    attempts: tuple[Attempt, ...] = ()
    cache: str
    cost_microusd: int | None = None
    flags: tuple[str, ...] = ()
    model: str | None = None
    model_fingerprint: str | None = None
    schema_mode: str
    usage: TokenUsage = Field(default_factory=lambda: TokenUsage.model_validate({}))


class AuditAnswer(ToldOpenShape):
    """By criterion: length, family, repeats, changed prompts, subgroups."""

    criteria: dict[str, dict[str, Any]]
    judge: str
    options: dict[str, Any]
    study: str


class AuditOrder(AskedShape):
    """One judge of a study."""

    changed: str | None = None
    """The same judge with another order, format or wording: its name in the study."""
    composites: Mapping[str, Composite] | None = None
    family: str | None = "model_family"
    """The variable that names the model."""
    fingerprints: Mapping[str, Mapping[str, Any]] | None = None
    items: Sequence[ItemFact] | None = None
    judge: str
    judge_scores: Sequence[JudgeScore] | None = None
    margin: Annotated[float, Field(ge=0)] | None = None
    options: Options | None = None
    own_families: Mapping[str, str | None] | None = None
    """Judge → its own family."""
    ratings: Sequence[Rating] | None = None
    scales: Mapping[str, Sequence[float] | StudyScale] | None = None
    scores: Sequence[Mapping[str, Any]] | None = None
    study: str | StudyDocument | None = None
    """Left out where the fields of a study stand beside it."""
    threshold: float | None = None
    """Of `changed`: from it on a score is a yes."""
    tokens: str | None = "answer_tokens"
    """The covariate with the answers' length."""


class CalibratedCriterion(ToldShape):
    """One criterion's level after a map of that criterion, in the points in which physicians rated it."""

    flags: tuple[str, ...] = ()
    high: Number | None = None
    level: Number | None = None
    low: Number | None = None
    map: str
    status: str
    value: Number | None = None


class Calibrated(ToldShape):
    """The score after a calibration map. The raw score stays what it is.

    `none`: no map is active for this rubric, judge and mode; or nothing was looked for, because the judge
    gave
    no number or none of it was to be calibrated; or the map could not be had, and then the score's flags
    say
    `calibration_unavailable` and these why: `map_lost`, `store_failed`, `no_time_left`. `stale`: a map is
    active, but of another instrument than the one that answered. `out_of_domain`: a map is there, and
    what it
    was to be applied to was not in its study: the score, a subgroup, a total over fewer criteria
    (`partial_total`), a panel of which a member gave no level (`panel_incomplete`), no number at all
    (`no_number`). `map` names the map for both; neither has a number.
    """

    criteria: dict[str, CalibratedCriterion] = Field(default_factory=dict)
    """Criteria that have a map of their own."""
    flags: tuple[str, ...] = ()
    map: str | None = None
    score: Number | None = None
    status: str = "none"


class Disagreement(ToldShape):
    """How far the members of a panel that scored a criterion are apart. Nulls: there is nothing to compare."""

    range: Number | None = None
    """Highest minus lowest value, in points."""
    scored: int
    """Members that gave a level."""
    sd: Number | None = None
    """Weighted standard deviation of the values, in points, with n below the line."""
    share: Number
    """Of their weight that is on the chosen level."""


class Failure(ToldShape):
    """Why no answer could be had from the judge, for callers that may ask again."""

    code: str
    detail: str
    retry_after_s: Number | None = None
    retryable: bool


class Fault(ToldShape):
    """One field that is at fault."""

    detail: str
    pointer: str
    """JSON pointer into the body."""


class Interval(ToldShape):
    """Where the score may lie; its source says what the level means."""

    high: Number
    level: Number
    low: Number
    source: str


class Step(ToldShape):
    """One judge that a cascade asked."""

    judge: str
    model: str | None = None
    outcome: str
    score: Number | None = None
    """This step's, which is the answer's only if it is the last."""
    why: str
    """Why the cascade went on from here, or ended."""
    width: Number | None = None
    """Of its interval, in points; null: it has none."""


class Provenance(ToldShape):
    """Everything needed to say how the score came about, and to get it again."""

    attempts: tuple[Attempt, ...] = ()
    """Of the call that made the verdicts, also on a hit."""
    cache: str
    """`joined`: an equal question was already under way; `none`: there was nothing to judge."""
    cost_microusd: int | None = None
    """Of the call that made the verdicts, also on a hit: over all attempts, in millionths of a US dollar;
    null where that of any attempt is unknown.
    """
    images: tuple[str, ...] = ()
    """SHA-256 of each picture as the judge was shown it."""
    instrument: str
    """What judged: `llm`, `lexical-baseline`, `scripted`, `panel`, `cascade`, or `guard` when no judge was
    asked.
    """
    is_llm: bool
    judge: str
    judge_kind: str
    mode: str
    model: str | None = None
    model_fingerprint: str | None = None
    path: tuple[Step, ...] = ()
    """Of a cascade: what was asked, in its order. The last one gave the verdicts."""
    prices_as_of: str | None = None
    """Date of the list of prices behind the cost; `settings`: the judge's own price; `free`: no provider is
    asked; null: no price is known, or nothing was asked.
    """
    prompt_digest: str
    """Of the template's text, not of the rendered prompt."""
    rubric: str
    rubric_digest: str
    sampling: dict[str, Any] = Field(default_factory=dict)
    schema_mode: str
    score_from: str = "level"
    """What of the verdicts the total is the mean of."""
    service_version: str
    spent_microusd: int | None = None
    """What this request itself spent: 0 where the verdicts were in the cache or another request's call made
    them; null: unknown.
    """
    spent_usage: TokenUsage = Field(default_factory=lambda: TokenUsage.model_validate({}))
    """Tokens of the calls that this request itself made: 0 where there were none; null as soon as one
    attempt was not counted.
    """
    usage: TokenUsage = Field(default_factory=lambda: TokenUsage.model_validate({}))


class Scored(ToldShape):
    """The judge chose a level of the scale."""

    by: str | None = None
    """Of a panel: the member whose reason and quotations these are."""
    disagreement: Disagreement | None = None
    """Of a panel's members."""
    distribution: dict[str, Number] | None = None
    """Probability of each level, by its label, given that there is one."""
    distribution_from: str | None = None
    """The tokens of one reply, several replies, the guard, which is in no doubt, or the members of a panel."""
    distribution_mass: Number | None = None
    """Probability of the levels together; the rest was null, or not seen."""
    distribution_withheld: str | None = None
    """Why there is no distribution although one was asked for."""
    evidence: tuple[str, ...] = ()
    """Quotations the judge leans on."""
    expected: Number | None = None
    """Mean of the levels' values under the distribution."""
    flags: tuple[str, ...] = ()
    level: int | str
    """The level's label on its scale."""
    outcome: Literal["scored"] = "scored"
    rationale: str
    """The judge's reason, in its words."""
    value: Number | None
    """100 times the level's, of a panel the members' weighted mean; null on a nominal scale."""
    weight: Number


class Unscored(ToldShape):
    """There is no level, and this is why. It has no number and never gets one."""

    flags: tuple[str, ...] = ()
    level: None = None
    outcome: str
    rationale: str | None = None
    """The judge's own words, when it abstains."""
    reason: str
    """Why, in our words; it quotes nothing of the case."""
    value: None = None
    weight: Number


class Member(ToldShape):
    """What one member of a panel said."""

    criteria: dict[
        str,
        Annotated[
            Annotated[Scored, Tag("Scored")] | Annotated[Unscored, Tag("Unscored")],
            by("outcome", {"scored": "Scored"}, "Unscored"),
        ],
    ]
    failure: Failure | None = None
    flags: tuple[str, ...] = ()
    outcome: str
    provenance: Provenance
    reason: str | None = None
    score: Number | None
    """What the total would be by this member alone."""


class Problem(ToldShape):
    """An error, as RFC 9457 shapes it, with what a client needs to decide whether to ask again."""

    attempts: int | None = None
    """Calls to judges that were made for the request."""
    code: str | None = None
    detail: str
    errors: tuple[Fault, ...] = ()
    outcome: str | None = None
    """The outcome, where a judge gave no answer."""
    path: tuple[Step, ...] | None = None
    """Of a cascade: the judges that were asked."""
    request_id: str | None = None
    retryable: bool
    spent_microusd: int | None = None
    """What these have cost, in millionths of a US dollar. Not told where it is unknown."""
    status: int
    title: str
    type: str
    """Stable; compare this, not the title."""


class Score(ToldShape):
    """The answer to one scoring request."""

    calibrated: Calibrated = Field(
        default_factory=lambda: Calibrated.model_validate({"criteria": {}, "flags": [], "status": "none"})
    )
    case_id: str | None = None
    comparable: bool = True
    """False when criteria were left out of the total."""
    criteria: dict[
        str,
        Annotated[
            Annotated[Scored, Tag("Scored")] | Annotated[Unscored, Tag("Unscored")],
            by("outcome", {"scored": "Scored"}, "Unscored"),
        ],
    ]
    failure: Failure | None = None
    flags: tuple[str, ...] = ()
    id: str
    interval: Interval | None = None
    left_out: tuple[str, ...] = ()
    """Criteria the total does without."""
    members: dict[str, Member] = Field(default_factory=dict)
    """Of a panel: what each member said, by its name."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    outcome: str
    provenance: Provenance
    range: tuple[Number, Number] = (0.0, 100.0)
    reason: str | None = None
    """Why there is no number."""
    score: Number | None
    """A number only when the outcome is `scored`."""
    subgroups: dict[str, str] = Field(default_factory=dict)
    """Of the case, as they came."""


class ItemAnswer(ToldShape):
    """What a single `POST /v1/scores` would have answered: a score, or a problem."""

    custom_id: str | None = None
    """The item's, as it came."""
    index: int
    """Of the item in the request, from 0."""
    problem: Problem | None = None
    """Why there is no score."""
    retry_after_s: int | None = None
    """Whole seconds; what `Retry-After` would have said."""
    score: Score | None = None
    status: int
    """The status that a single request would have had."""


class Spent(ToldShape):
    """What this batch itself used; what the cache answered, or another request's call, costs nothing here."""

    asked: int
    """Items for which a judge was asked."""
    cost_microusd: int | None
    """Millionths of a US dollar; null where any cost is unknown."""
    input_tokens: int | None
    """Null where those of any item are unknown."""
    output_tokens: int | None
    """Null likewise."""
    prices_as_of: str | None
    """As in a score's provenance."""


class BatchAnswer(ToldShape):
    """The answer to `POST /v1/scores:batch`."""

    counts: dict[str, int]
    """Items by outcome; one whose problem names no outcome, by the last part of the problem's type:
    `malformed_body`, `rubric_not_found`, `image_rejected`, `cost_cap`, …
    """
    items: tuple[ItemAnswer, ...]
    """In the order of the request."""
    spent: Spent


class BatchDefaults(AskedShape):
    """What every item has that does not say otherwise: any field of a scoring request but its case."""

    cache: Literal["use", "refresh", "only", "off"] = "use"
    """`refresh` asks anew and keeps the answer; `only` never asks a judge."""
    calibration: Annotated[str, Field(pattern="^(auto|none|sha256:[0-9a-f]{64})$")] = "auto"
    """`auto` applies the active map of this rubric, judge and mode; a map's id demands that one and is
    refused with 409 when it is of another instrument; `none` applies none.
    """
    deadline_ms: Annotated[int, Field(ge=1, le=600000)] | None = None
    """When the answer must be there; the header X-Request-Deadline-Ms may be smaller and then wins. Default
    120000.
    """
    judge: Annotated[str, Field(min_length=1, max_length=64)] = "default"
    """Name of a configured judge."""
    max_cost_usd: Annotated[float, Field(ge=0, le=1000000.0)] | None = None
    """Most that answering may cost, in US dollars. A call whose worst case is more than what is left is not
    made: 422 `cost-cap`. What is in the cache costs nothing.
    """
    metadata: Annotated[
        Mapping[str, Annotated[str, Field(max_length=512)] | int | float | bool | None], Field(max_length=32)
    ] = Field(default_factory=dict)
    """Yours; comes back as it is."""
    mode: Literal["auto", "text", "image"] = "auto"
    """`auto` reads the visual description when there is one, and else looks at the images."""
    partial: Literal["forbid", "renormalise"] = "forbid"
    """What one unscored criterion means for the total."""
    rubric: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """`id` (its latest version) or `id@version`."""
    samples: Annotated[int, Field(ge=1, le=32)] = 1
    """How often the judge is asked; more than once needs a temperature above 0, and gives each verdict the
    level that came most often and a distribution.
    """


class BatchEnd(ToldShape):
    """The last line of a stream; one without it is cut."""

    counts: dict[str, int]
    """Items by outcome; one whose problem names no outcome, by the last part of the problem's type:
    `malformed_body`, `rubric_not_found`, `image_rejected`, `cost_cap`, …
    """
    done: Literal[True] = True
    spent: Spent


class Case(AskedShape):
    """A question, a response to judge, and what is known to be true."""

    claim: Annotated[str, Field(max_length=64000)] | None = None
    """For rubrics that judge one claim."""
    id: Annotated[str, Field(max_length=256)] | None = None
    """Yours; comes back, never part of the cache key."""
    images: Annotated[Sequence[Image], Field(max_length=8)] = ()
    model: Annotated[str, Field(max_length=256)] | None = None
    """Name of the model that gave the response. No judge sees it; a judge of its family is flagged."""
    prompt: Annotated[str, Field(max_length=64000)] | None = None
    """The question that was asked."""
    reference: Annotated[str, Field(max_length=64000)] | None = None
    """An answer known to be good."""
    response: Annotated[str, Field(max_length=64000)]
    """The answer under judgement. May be empty."""
    subgroups: Annotated[Mapping[str, str], Field(max_length=16)] = Field(default_factory=dict)
    """Labels for later analysis; the judge never sees them."""
    visual_description: Annotated[str, Field(max_length=64000)] | None = None
    """What the image shows, in words."""


class BatchItem(AskedShape):
    """One item of a batch: the body of `POST /v1/scores`, and a name of yours."""

    cache: Literal["use", "refresh", "only", "off"] = "use"
    """`refresh` asks anew and keeps the answer; `only` never asks a judge."""
    calibration: Annotated[str, Field(pattern="^(auto|none|sha256:[0-9a-f]{64})$")] = "auto"
    """`auto` applies the active map of this rubric, judge and mode; a map's id demands that one and is
    refused with 409 when it is of another instrument; `none` applies none.
    """
    case: Case
    custom_id: Annotated[str, Field(max_length=128)] | None = None
    """Yours; comes back with the item's answer."""
    deadline_ms: Annotated[int, Field(ge=1, le=600000)] | None = None
    """When the answer must be there; the header X-Request-Deadline-Ms may be smaller and then wins. Default
    120000.
    """
    judge: Annotated[str, Field(min_length=1, max_length=64)] = "default"
    """Name of a configured judge."""
    max_cost_usd: Annotated[float, Field(ge=0, le=1000000.0)] | None = None
    """Most that answering may cost, in US dollars. A call whose worst case is more than what is left is not
    made: 422 `cost-cap`. What is in the cache costs nothing.
    """
    metadata: Annotated[
        Mapping[str, Annotated[str, Field(max_length=512)] | int | float | bool | None], Field(max_length=32)
    ] = Field(default_factory=dict)
    """Yours; comes back as it is."""
    mode: Literal["auto", "text", "image"] = "auto"
    """`auto` reads the visual description when there is one, and else looks at the images."""
    partial: Literal["forbid", "renormalise"] = "forbid"
    """What one unscored criterion means for the total."""
    rubric: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """`id` (its latest version) or `id@version`."""
    samples: Annotated[int, Field(ge=1, le=32)] = 1
    """How often the judge is asked; more than once needs a temperature above 0, and gives each verdict the
    level that came most often and a distribution.
    """


class BatchRequest(AskedShape):
    """The body of `POST /v1/scores:batch`."""

    deadline_ms: Annotated[int, Field(ge=1, le=600000)] | None = None
    """When all answers must be there; an item's own deadline, and the header X-Request-Deadline-Ms, may be
    smaller and then win. Default 120000.
    """
    defaults: BatchDefaults | None = None
    """Fields for every item that lacks them. A field that an item has counts alone: objects are not merged."""
    items: Annotated[Sequence[BatchItem], Field(min_length=1, max_length=256)]
    """Each is the body of a single `POST /v1/scores`. One that is not is answered with its own problem."""
    max_cost_usd: Annotated[float, Field(ge=0, le=1000000.0)] | None = None
    """Most that all items may cost together, in US dollars; an item's own cap holds as well. A call whose
    worst case is more than what is left is not made: its item has the problem `cost-cap`.
    """


class Binding(AskedShape):
    """Where a map is to be in force."""

    judge: str
    """Name of a configured judge."""
    mode: Literal["text", "image"] = "text"
    """The rubric's first mode."""
    rubric: str


class CompareAnswer(ToldOpenShape):
    """By criterion: statistics of both and their difference, and tests."""

    criteria: dict[str, dict[str, Any]]
    judges: tuple[str, ...]
    options: dict[str, Any]
    study: str


class CompareOrder(AskedShape):
    """Two judges of a study."""

    composites: Mapping[str, Composite] | None = None
    fingerprints: Mapping[str, Mapping[str, Any]] | None = None
    items: Sequence[ItemFact] | None = None
    judge_a: str
    judge_b: str
    judge_scores: Sequence[JudgeScore] | None = None
    options: Options | None = None
    ratings: Sequence[Rating] | None = None
    scales: Mapping[str, Sequence[float] | StudyScale] | None = None
    scores: Sequence[Mapping[str, Any]] | None = None
    study: str | StudyDocument | None = None
    """Left out where the fields of a study stand beside it."""


class Said(ToldShape):
    """What the judge said of one criterion in one asking."""

    evidence: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    level: int | str | None = None
    """Of one response judged by itself."""
    outcome: str
    prefers: str | None = None
    """Of both responses shown together."""
    rationale: str | None = None
    """The judge's words; its `first` and `second` are those of this asking."""
    reason: str | None = None
    """Why there is neither."""


class ComparedCriterion(ToldShape):
    """One criterion over both askings.

    `compared`: the two do not contradict each other. `position_flip`: they do: one prefers a and the
    other b, which
    is to say that the judge chose the same position twice. That is an answer about the judge and not
    about
    the responses: there is no winner. Any other outcome: at least one asking has no answer, and `reason`
    says why.
    """

    flipped: bool = False
    outcome: str
    preference: Number | None = None
    """Mean over the askings of 1 for a, 0 for a tie and -1 for b: 0.5 and -0.5 where one asking names a
    winner and the other a tie, 0 for a tie and for a flip.
    """
    reason: str | None = None
    said: dict[str, Said]
    """Empty where nobody was asked."""
    weight: Number
    winner: str | None = None


class Position(ToldShape):
    """What the order did, over the criteria that were answered in both orders."""

    criteria: int
    """Answered in both orders."""
    flips: int
    """Of them: each order preferred another response."""
    half: int
    """One order named a winner and the other a tie."""
    to_first: int
    """Flips in which the response shown first was preferred both times."""
    to_second: int
    """Flips in which the one shown second was."""


class Comparison(ToldShape):
    """The answer to one comparison.

    `provenance` is that of a score, over all askings: attempts one after the other, tokens and cost
    summed
    (null where one is unknown), `cache` of the dearest asking, `prompt_digest` of what was asked for
    comparing.
    """

    asked: dict[str, Asked]
    """`a_first` and `b_first`: both responses shown, in that order. `a` and `b`: each judged by itself.
    Empty: nobody was asked.
    """
    case_id: str | None = None
    comparable: bool = True
    """False when criteria were left out of the whole."""
    criteria: dict[str, ComparedCriterion]
    failure: Failure | None = None
    flags: tuple[str, ...] = ()
    id: str
    left_out: tuple[str, ...] = ()
    """Criteria the whole does without."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    outcome: str
    position: Position
    preference: Number | None
    """Σ w·p / Σ w over the criteria: 1 where a is better by all of them, -1 where b is."""
    provenance: Provenance
    range: tuple[Number, Number] = (-1.0, 1.0)
    reason: str | None = None
    """Why there is no winner."""
    subgroups: dict[str, str] = Field(default_factory=dict)
    """Of the case, as they came."""
    winner: str | None = None
    """By the sign of the preference."""


class Responses(AskedShape):
    """The two answers. What they are called decides nothing: each is shown first once."""

    a: Annotated[str, Field(max_length=64000)]
    """One answer. May be empty."""
    b: Annotated[str, Field(max_length=64000)]
    """The other answer. May be empty."""


class Pair(AskedShape):
    """A question, two responses to it, and what is known to be true: a case with two responses for one."""

    claim: Annotated[str, Field(max_length=64000)] | None = None
    """For rubrics that judge one claim."""
    id: Annotated[str, Field(max_length=256)] | None = None
    """Yours; comes back."""
    images: Annotated[Sequence[Image], Field(max_length=8)] = ()
    """Of the question or the reference; never of a response."""
    models: Mapping[str, Annotated[str, Field(max_length=256)]] = Field(default_factory=dict)
    """Names of the models that gave the responses. No judge sees them; a judge of the family of one is
    flagged.
    """
    prompt: Annotated[str, Field(max_length=64000)] | None = None
    """The question that was asked."""
    reference: Annotated[str, Field(max_length=64000)] | None = None
    """An answer known to be good."""
    responses: Responses
    subgroups: Annotated[Mapping[str, str], Field(max_length=16)] = Field(default_factory=dict)
    """Labels for later analysis; the judge never sees them."""
    visual_description: Annotated[str, Field(max_length=64000)] | None = None
    """What the image shows, in words."""


class ComparisonRequest(AskedShape):
    """The body of `POST /v1/comparisons`."""

    cache: Literal["use", "refresh", "only", "off"] = "use"
    """`refresh` asks anew and keeps the answers; `only` never asks a judge."""
    case: Pair
    deadline_ms: Annotated[int, Field(ge=1, le=600000)] | None = None
    """When the answer must be there; the header X-Request-Deadline-Ms may be smaller and then wins. Default
    120000.
    """
    judge: Annotated[str, Field(min_length=1, max_length=64)] = "default"
    """Name of a configured judge."""
    max_cost_usd: Annotated[float, Field(ge=0, le=1000000.0)] | None = None
    """Most that both orders together may cost, in US dollars; as of a score."""
    metadata: Annotated[
        Mapping[str, Annotated[str, Field(max_length=512)] | int | float | bool | None], Field(max_length=32)
    ] = Field(default_factory=dict)
    """Yours; comes back as it is."""
    mode: Literal["auto", "text", "image"] = "auto"
    """`auto` reads the visual description when there is one, and else looks at the images."""
    partial: Literal["forbid", "renormalise"] = "forbid"
    """What one criterion without a comparison means for the whole."""
    rubric: Annotated[str, Field(min_length=1, max_length=128)]
    """`id` (its latest version) or `id@version`; with levels in order."""


class ConfidenceInterval(ToldShape):
    """How it was made, and for whom it speaks."""

    generalises_to: str
    high: Number
    level: Number
    low: Number
    mc_error: Number | None
    """Monte-Carlo standard error of a limit, where it was drawn."""
    method: str


class Level(ToldShape):
    """One admissible answer on a scale."""

    label: int | str
    """What the judge answers: an integer, or a word."""
    means: str
    """The anchor: when this level is right."""
    value: Number | None = None
    """Worth in [0, 1]; absent on a nominal scale."""


class LexicalMeasure(ToldShape):
    """How the embedded lexical judge goes about a criterion; without it, that judge abstains."""

    against: str | None = None
    extra_is_fine: bool = False
    """Whether the response may say more than the text it is compared with."""
    levels: dict[str, int | str] = Field(default_factory=dict)
    """Which level each relation means; for entailment on a nominal scale."""
    measure: str


class Scale(ToldShape):
    """A closed set of levels: ordinal and binary ones are ordered and carry values, nominal ones need not."""

    kind: str
    levels: tuple[Level, ...]


class Criterion(ToldShape):
    """One property, judged by itself."""

    id: str
    lexical: LexicalMeasure | None = None
    needs: dict[str, tuple[str, ...]]
    """Inputs of a case without which the criterion cannot be judged, by mode."""
    question: str
    """What the judge is asked."""
    scale: Scale
    title: str
    weight: Number = 1.0
    """Share in the total, relative to the others."""
    when_degenerate: int | str | None = None
    """The level that an empty or content-free response gets; absent: it stays unscored."""


class Shift(ToldShape):
    """How an arm's verdicts on one criterion differ from those on the same cases as they are.

    A pair is a case's verdict as it is and its verdict in the arm, both scored or one of them abstained;
    with
    images that really differ, but for `again`, which shows the same ones.
    """

    began_to_abstain: int
    """Pairs scored as they are and abstained in the arm."""
    changed_share: Number | None
    """Share of pairs that changed in any of these three ways."""
    level_changed: int
    """Scored pairs with two levels."""
    mean: Number | None
    """Arm minus as it is, in points, over the scored pairs; null: there are none."""
    p: Number | None
    """That so many changes or more came by chance, given how many asking again brought: Fisher's exact test,
    one-sided. Null for `again`, and where there is nothing to compare.
    """
    pairs: int
    same_images: int
    """Cases left out, for the arm's images are, pixel by pixel, the case's own."""
    scored: int
    """Pairs in which both are scored."""
    stopped_abstaining: int
    """Pairs abstained as they are and scored in the arm."""


class CriterionLook(ToldShape):
    """Whether the images move what the judge says on one criterion."""

    arms: dict[str, ArmAnswers]
    looked: bool | None
    needs_images: bool
    """By the rubric; these criteria decide for the judge as a whole."""
    reason: str
    shifts: dict[str, Shift]
    """Of the arms `blanked`, `swapped` and `again`."""


class JudgeVerdict(ToldOpenShape):
    """In words: the figure, its interval, the ceiling beside it."""

    line: str
    sentence: str


class Statistic(ToldOpenShape):
    """One figure: a number with its interval, or null with the reason. `definition` is in the catalogue."""

    aliases: tuple[str, ...]
    ci: ConfidenceInterval | None
    definition: str
    estimate: Number | None
    label: str
    n_items: int | None
    n_raters: int | None
    n_ratings: int | None
    name: str
    notes: tuple[str, ...]
    reason: str | None
    status: str


class JudgeSection(ToldOpenShape):
    """One judge against physicians and against the human ceiling."""

    outcomes: dict[str, Any]
    per_rater: tuple[dict[str, Any], ...]
    statistics: dict[str, Statistic]
    verdict: JudgeVerdict


class RaterSection(ToldOpenShape):
    """Physicians among themselves."""

    pairs: tuple[dict[str, Any], ...]
    per_rater: tuple[dict[str, Any], ...]
    statistics: dict[str, Statistic]


class CriterionSection(ToldOpenShape):
    """One criterion."""

    judges: dict[str, JudgeSection]
    raters: RaterSection
    scale: dict[str, Any]


class Definition(ToldOpenShape):
    """One statistic."""

    formula: str
    label: str
    means: str
    min_n: int
    name: str
    source: str


class Definitions(ToldShape):
    """The catalogue."""

    definitions: tuple[Definition, ...]


class DriftAnswer(ToldOpenShape):
    """By criterion: the shift, its tests, a verdict."""

    criteria: dict[str, dict[str, Any]]
    judges: dict[str, str]
    study: str


class DriftOrder(AskedShape):
    """An anchor set scored by the judge as it was and as it is."""

    arrival: str | None = None
    """The covariate in whose order items came to be rated: errors at every look."""
    composites: Mapping[str, Composite] | None = None
    family: str | None = "model_family"
    fingerprints: Mapping[str, Mapping[str, Any]] | None = None
    items: Sequence[ItemFact] | None = None
    judge_after: str
    judge_before: str
    judge_scores: Sequence[JudgeScore] | None = None
    map: Mapping[str, Any] | None = None
    margin: Annotated[float, Field(ge=0)] | None = None
    """In points; a twentieth of the scale."""
    monitor: bool | None = False
    options: Options | None = None
    ratings: Sequence[Rating] | None = None
    scales: Mapping[str, Sequence[float] | StudyScale] | None = None
    scores: Sequence[Mapping[str, Any]] | None = None
    study: str | StudyDocument | None = None
    """Left out where the fields of a study stand beside it."""


class EquateAnswer(ToldOpenShape):
    """Knots from scores of `from` to the scale of `to`, and Deming regression."""

    criterion: str
    deming: dict[str, Any]
    equating: dict[str, Any]
    study: str
    to: str


class EquateOrder(AskedShape):
    """One judge's scores on another one's scale."""

    composites: Mapping[str, Composite] | None = None
    criterion: str
    error_ratio: Annotated[float, Field(ge=1e-06)] | None = 1.0
    """Error variance of a's scores over that of b's, for Deming regression."""
    fingerprints: Mapping[str, Mapping[str, Any]] | None = None
    items: Sequence[ItemFact] | None = None
    judge_a: str
    """On whose scale the scores come to be."""
    judge_b: str
    """Whose scores are moved."""
    judge_scores: Sequence[JudgeScore] | None = None
    method: Literal["linear", "equipercentile"] | None = "linear"
    ratings: Sequence[Rating] | None = None
    scales: Mapping[str, Sequence[float] | StudyScale] | None = None
    scores: Sequence[Mapping[str, Any]] | None = None
    study: str | StudyDocument | None = None
    """Left out where the fields of a study stand beside it."""


class EstimateAnswer(ToldOpenShape):
    """Means of models and their differences."""

    criterion: str
    differences: tuple[dict[str, Any], ...]
    judge: str
    models: tuple[dict[str, Any], ...]
    study: str


class EstimateOrder(AskedShape):
    """Means of models."""

    by: str | None = "model_family"
    """The variable that names the model; null: there is one. Left out: `model_family`, or one model where
    the study has no such variable.
    """
    cluster_by: str | None = None
    composites: Mapping[str, Composite] | None = None
    criterion: str
    fingerprints: Mapping[str, Mapping[str, Any]] | None = None
    items: Sequence[ItemFact] | None = None
    judge: str
    judge_scores: Sequence[JudgeScore] | None = None
    level: Annotated[float, Field(ge=0.5, le=0.999)] | None = 0.95
    probabilities: str | None = None
    """The covariate with each item's probability of being labelled."""
    ratings: Sequence[Rating] | None = None
    scales: Mapping[str, Sequence[float] | StudyScale] | None = None
    scores: Sequence[Mapping[str, Any]] | None = None
    seed: Annotated[int, Field(ge=0, le=4294967295)] | None = 0
    simultaneous: Literal["max_t", "bonferroni"] | None = "max_t"
    strata: str | None = None
    study: str | StudyDocument | None = None
    """Left out where the fields of a study stand beside it."""


class FitOrder(AskedShape):
    """One judge of a study on one criterion; `score` is the total."""

    activate: bool = False
    alpha: Annotated[float, Field(ge=0.01, le=0.5)] | None = 0.1
    bind: Binding | None = None
    binding: Mapping[str, Any] | None = None
    by: str | None = None
    """Subgroup variable of the intervals."""
    cluster_by: str | None = None
    composites: Mapping[str, Composite] | None = None
    criterion: str
    fingerprint: Mapping[str, Any] | None = None
    fingerprints: Mapping[str, Mapping[str, Any]] | None = None
    folds: Annotated[int, Field(ge=2, le=50)] | None = 10
    items: Sequence[ItemFact] | None = None
    judge: str
    judge_scores: Sequence[JudgeScore] | None = None
    method: str | None = "auto"
    """`auto` chooses by grouped cross-validation."""
    ratings: Sequence[Rating] | None = None
    repeats: Annotated[int, Field(ge=1, le=50)] | None = 5
    scales: Mapping[str, Sequence[float] | StudyScale] | None = None
    scores: Sequence[Mapping[str, Any]] | None = None
    seed: Annotated[int, Field(ge=0, le=4294967295)] | None = 0
    study: str | StudyDocument | None = None
    """Left out where the fields of a study stand beside it."""


class MapArtefact(ToldOpenShape):
    """A map as plain data: straight lines between `knots`, an interval of `conformal` half-widths."""

    criterion: str
    domain: dict[str, Any]
    """Scores and subgroups that it was fitted on."""
    format: int
    id: str
    judge: dict[str, Any]
    """Name, fingerprint of the instrument, and binding."""
    kind: Literal["judge-calibration-map"]
    knots: tuple[tuple[Number, ...], ...]
    method: str


class FittedMap(ToldShape):
    """A map and whether it is in force. `kept`: it never was."""

    id: str
    map: MapArtefact
    status: str


class JobCounts(ToldShape):
    """Items by how far they are; `total` is known once all lines have been read."""

    completed: int = 0
    """With a score, or with a typed reason for none."""
    failed: int = 0
    """Without an answer; each has a line in `errors`."""
    total: int = 0


class JobFault(ToldShape):
    """Why a job as a whole failed, or where a line was at fault."""

    code: str
    line: int | None = None
    message: str


class JobUsage(ToldShape):
    """What the judges' calls used; a sum with an unknown part is null, never 0."""

    cost_microusd: int | None = None
    """Spent for this job, in micro-dollars."""
    input_tokens: int | None = None
    output_tokens: int | None = None


class Job(ToldShape):
    """A job as its owner sees it."""

    cancelled_at: Number | None = None
    cancelling_at: Number | None = None
    completed_at: Number | None = None
    concurrency: int | None = None
    counts: JobCounts
    created_at: Number
    """Seconds since 1970, as are all times here."""
    endpoint: Literal["/v1/scores"] = "/v1/scores"
    errors_bytes: int = 0
    """Size of `/errors` now."""
    expired_at: Number | None = None
    expires_at: Number
    """What is not finished by then ends as `expired` in `errors`."""
    failed_at: Number | None = None
    faults: tuple[JobFault, ...] = ()
    finalizing_at: Number | None = None
    id: str
    in_progress_at: Number | None = None
    input_file_id: str | None = None
    """The uploaded file that it was made of."""
    kept_until: Number | None = None
    """After its end: when it is forgotten."""
    max_cost_usd: Number | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    object: Literal["job"] = "job"
    outcomes: dict[str, int] = Field(default_factory=dict)
    """Finished items by outcome; of those without an answer, by code."""
    per_minute: Number | None = None
    priority: str
    results_bytes: int = 0
    """Size of `/results` now."""
    state: str
    usage: JobUsage
    workers: int | None = None
    """Workers that are alive now; with 0, nothing goes on. Null: not known."""


class JobList(ToldShape):
    """Jobs of one tenant, the newest first."""

    data: tuple[Job, ...]
    has_more: bool


class JudgeSummary(ToldShape):
    """A configured judge; never its key or its address."""

    images: bool
    instrument: str
    is_llm: bool
    kind: str
    made_of: tuple[str, ...] = ()
    """A panel's members, or the steps of a cascade in their order."""
    max_concurrency: int
    max_image_pixels: int | None
    """Most pixels of one image, if it takes fewer than the service opens."""
    max_images: int | None
    """Most images of one case; a case with more is refused. Null: it is shown none."""
    model: str | None
    name: str
    sampling: dict[str, Any]


class JudgeList(ToldShape):
    """Every judge a request may name."""

    judges: tuple[JudgeSummary, ...]


class KeptStudy(ToldShape):
    """A study's id, and what it looks like."""

    profile: dict[str, Any]
    study_id: str
    warnings: tuple[str, ...]


class LabelsAnswer(ToldOpenShape):
    """Picks, each with its probability; for reliability also how many ratings an item needs."""

    objective: str
    picks: tuple[dict[str, Any], ...] | None = None
    ratings_per_item: int | None = None


class LabelsOrder(AskedShape):
    """What to label next."""

    alpha: Annotated[float, Field(ge=0.01, le=0.5)] | None = 0.1
    budget: Annotated[int, Field(ge=1, le=100000)] | None = 50
    by: str | None = None
    composites: Mapping[str, Composite] | None = None
    criterion: str
    fingerprints: Mapping[str, Mapping[str, Any]] | None = None
    items: Sequence[ItemFact] | None = None
    judge: str | None = None
    judge_scores: Sequence[JudgeScore] | None = None
    map: Mapping[str, Any] | None = None
    """An artefact: the width of its intervals is the uncertainty."""
    objective: Literal["mean", "map", "subgroups", "reliability"]
    ratings: Sequence[Rating] | None = None
    scales: Mapping[str, Sequence[float] | StudyScale] | None = None
    scores: Sequence[Mapping[str, Any]] | None = None
    seed: Annotated[int, Field(ge=0, le=4294967295)] | None = 0
    study: str | StudyDocument | None = None
    """Left out where the fields of a study stand beside it."""
    target: Annotated[float, Field(ge=0.01, le=0.99)] | None = 0.8
    """Reliability to reach."""


class Liveness(ToldShape):
    """The process answers."""

    status: Literal["alive"] = "alive"


class MapRow(ToldShape):
    """A map in short. `fits`: whether it is of the instrument that is configured where it is bound."""

    binding: dict[str, Any] | None
    criterion: str
    fits: bool | None
    id: str
    judge: str | None
    method: str | None
    n_items: int | None
    status: str


class MapList(ToldShape):
    """Maps by id."""

    has_more: bool
    """Whether others sort behind the last: ask again with `after`."""
    maps: tuple[MapRow, ...]


class MapStatus(AskedShape):
    """Whether scores are to be calibrated by it."""

    status: Literal["active", "retired"]


class PendingReport(ToldShape):
    """A report that was asked for and is fetched from its location; `completed`: it is there already."""

    id: str
    location: str
    state: str


class PowerAnswer(ToldOpenShape):
    """How many items or labels."""

    asked: dict[str, Any]
    kind: str
    method: str


class PowerOrder(AskedOpenShape):
    """`kind`, and what that kind needs: the answer names what is missing, and what is not known."""

    kind: Literal["pearson", "icc", "limits", "coefficient", "conformal", "mean", "alt_test"]


class ProbeReport(ToldShape):
    """Whether a judge looks at the images it is shown.

    `looked` is true when blanking or swapping the images changed more verdicts than asking again did, by
    more than
    chance (`p` at most `threshold`); false when each arm that has pairs has at least five, no arm changed
    a larger
    share than asking again, and asking again changed at most a fifth, or when every answer with images
    came from a
    provider that dropped them; else null: too few, or too noisy, to tell.
    """

    arms: dict[str, ArmCalls]
    cases: int
    criteria: dict[str, CriterionLook]
    flags: tuple[str, ...] = ()
    """Of any answer; and `answers_vary`: the temperature is above 0."""
    judge: str
    looked: bool | None
    models: tuple[str, ...]
    """That answered."""
    reason: str
    rubric: str
    sampling: dict[str, Any]
    threshold: Number
    """0.05, shared out among the tests that decide."""
    tokens_with_images: int | None
    """Of one prompt, as the provider counted when the judge's images were last checked; null: never."""
    tokens_without_images: int | None
    """Of the same prompt without its images."""


class ProbeRequest(AskedShape):
    """The body of `POST /v1/judges/{name}/probe`."""

    cases: Annotated[Sequence[Case], Field(min_length=1, max_length=20)]
    """Each with an image. Five or more can tell."""
    deadline_ms: Annotated[int, Field(ge=1, le=600000)] = 600000
    """When the report must be there; what has no answer by then is a timeout in its arm. The header
    X-Request-Deadline-Ms may be smaller and then wins.
    """
    max_cost_usd: Annotated[float, Field(ge=0, le=1000000.0)] | None = None
    """Most that all arms together may cost, in US dollars; as of a score. Where it does not last, there is
    no report, and what was answered is in the cache.
    """
    repeats: Annotated[int, Field(ge=1, le=5)] = 1
    """How often each case is asked again as it is, to see how much the judge varies by itself."""
    rubric: Annotated[str, Field(min_length=1, max_length=128)]
    """`id` or `id@version`; it must have image mode."""
    swap_with: Annotated[Sequence[Image], Field(max_length=8)] = ()
    """Images to show in place of each case's own. Default: those of the next case in the list, and of the
    first after the last.
    """


class Readiness(ToldShape):
    """Whether requests should be sent here."""

    degraded: tuple[str, ...] = ()
    """Parts that are away; scores are served without them."""
    status: str
    """`waiting`: a part is away that nothing can be done without."""


class Report(ToldOpenShape):
    """Physicians among themselves, and every judge against them, by criterion."""

    audits: dict[str, Any] | None = None
    comparisons: dict[str, Any] | None = None
    """Where `include` names them; so the next two."""
    criteria: dict[str, CriterionSection]
    format: int
    library: str
    means: dict[str, Any] | None = None
    options: dict[str, Any]
    """As they were taken, defaults included."""
    study: dict[str, Any]
    """The study's profile."""
    warnings: tuple[str, ...]


class ReportOrder(AskedShape):
    """A report on a study."""

    composites: Mapping[str, Composite] | None = None
    fingerprints: Mapping[str, Mapping[str, Any]] | None = None
    include: Sequence[Literal["comparisons", "audits", "means"]] | None = None
    """What it holds besides: pairs of judges, biases of each, means of the models they scored. Default:
    nothing; of a page, everything.
    """
    items: Sequence[ItemFact] | None = None
    judge_scores: Sequence[JudgeScore] | None = None
    options: Options | None = None
    ratings: Sequence[Rating] | None = None
    scales: Mapping[str, Sequence[float] | StudyScale] | None = None
    scores: Sequence[Mapping[str, Any]] | None = None
    study: str | StudyDocument | None = None
    """Left out where the fields of a study stand beside it."""


class RubricDocument(ToldShape):
    """A rubric in full, with the template of its prompt and the schema of its answer."""

    about: str
    aggregate: str
    answer_schema: dict[str, Any]
    criteria: tuple[Criterion, ...]
    digest: str
    id: str
    modes: tuple[str, ...]
    prompt_digest: str
    template: str
    title: str
    version: int


class RubricSummary(ToldShape):
    """A rubric in one line."""

    criteria: dict[str, Number]
    """Criterion id → weight."""
    digest: str
    id: str
    modes: tuple[str, ...]
    title: str
    version: int


class RubricList(ToldShape):
    """Every rubric and version that can be asked for."""

    rubrics: tuple[RubricSummary, ...]


class ScoreRequest(AskedShape):
    """The body of `POST /v1/scores`, and one row of a file."""

    cache: Literal["use", "refresh", "only", "off"] = "use"
    """`refresh` asks anew and keeps the answer; `only` never asks a judge."""
    calibration: Annotated[str, Field(pattern="^(auto|none|sha256:[0-9a-f]{64})$")] = "auto"
    """`auto` applies the active map of this rubric, judge and mode; a map's id demands that one and is
    refused with 409 when it is of another instrument; `none` applies none.
    """
    case: Case
    deadline_ms: Annotated[int, Field(ge=1, le=600000)] | None = None
    """When the answer must be there; the header X-Request-Deadline-Ms may be smaller and then wins. Default
    120000.
    """
    judge: Annotated[str, Field(min_length=1, max_length=64)] = "default"
    """Name of a configured judge."""
    max_cost_usd: Annotated[float, Field(ge=0, le=1000000.0)] | None = None
    """Most that answering may cost, in US dollars. A call whose worst case is more than what is left is not
    made: 422 `cost-cap`. What is in the cache costs nothing.
    """
    metadata: Annotated[
        Mapping[str, Annotated[str, Field(max_length=512)] | int | float | bool | None], Field(max_length=32)
    ] = Field(default_factory=dict)
    """Yours; comes back as it is."""
    mode: Literal["auto", "text", "image"] = "auto"
    """`auto` reads the visual description when there is one, and else looks at the images."""
    partial: Literal["forbid", "renormalise"] = "forbid"
    """What one unscored criterion means for the total."""
    rubric: Annotated[str, Field(min_length=1, max_length=128)]
    """`id` (its latest version) or `id@version`."""
    samples: Annotated[int, Field(ge=1, le=32)] = 1
    """How often the judge is asked; more than once needs a temperature above 0, and gives each verdict the
    level that came most often and a distribution.
    """


class StudyList(ToldShape):
    """Ids of kept studies."""

    has_more: bool
    """Whether others sort behind the last: ask again with `after`."""
    studies: tuple[str, ...]


class SwapAnswer(ToldOpenShape):
    """What the swap changes."""

    criteria: dict[str, dict[str, Any]]
    judges: dict[str, str]
    """`old` and `new`."""
    options: dict[str, Any]
    outcomes: dict[str, dict[str, dict[str, int]]]
    """Judge → criterion → outcome → rows."""
    scored_cases: int | None = None
    """Where the service scored them itself."""
    sentence: str
    study: str
    verdict: str


class SwapOrder(AskedShape):
    """Two judges and anchor cases, which the service scores with both before it compares them."""

    cases: Annotated[Sequence[AnchorCase], Field(min_length=1, max_length=256)]
    criteria: Annotated[Sequence[str], Field(min_length=1)] | None = None
    judge_a: Annotated[str, Field(min_length=1, max_length=64)]
    """The judge in use."""
    judge_b: Annotated[str, Field(min_length=1, max_length=64)]
    """The judge that would take its place."""
    margin: float | Mapping[str, float] | None = None
    """A shift within ± this many points is none; one, or by criterion."""
    mode: Literal["auto", "text", "image"] = "auto"
    options: Mapping[str, Any] = Field(default_factory=dict)
    """As of a report."""
    ratings: Sequence[Mapping[str, Any]] = ()
    """Physicians' ratings by case id: item, criterion, rater, score."""
    rubric: Annotated[str, Field(min_length=1, max_length=128)]
    """`id`, or `id@version`."""
    threshold: float | Mapping[str, float] | None = None
    """Decisions turn at this score; one, or by criterion."""


class SwapStudyOrder(AskedShape):
    """Two judges of a study, one in place of the other."""

    composites: Mapping[str, Composite] | None = None
    criteria: Annotated[Sequence[str], Field(min_length=1)] | None = None
    fingerprints: Mapping[str, Mapping[str, Any]] | None = None
    items: Sequence[ItemFact] | None = None
    judge_a: str
    judge_b: str
    judge_scores: Sequence[JudgeScore] | None = None
    margin: float | Mapping[str, float] | None = None
    """A shift within ± this many points is none; a twentieth of the scale."""
    options: Options | None = None
    ratings: Sequence[Rating] | None = None
    scales: Mapping[str, Sequence[float] | StudyScale] | None = None
    scores: Sequence[Mapping[str, Any]] | None = None
    study: str | StudyDocument | None = None
    """Left out where the fields of a study stand beside it."""
    threshold: float | Mapping[str, float] | None = None
    """Decisions turn at this score; one, or by criterion."""


class SwapEitherOrder(RootModel[SwapStudyOrder | SwapOrder]):
    """A study that holds both judges' scores, or cases."""


class Version(ToldShape):
    """What a client compares with what it was made for."""

    api: int
    """Level of the API. It changes when a client has to: fields, routes and names that are added leave it as
    it is.
    """
    version: str
    """Of the service."""
