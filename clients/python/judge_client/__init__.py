"""Client of the Judge Service: a score is either honest or null, and null cannot be overlooked."""

from judge_client.async_client import AsyncJudgeClient
from judge_client.batches import Batch, BatchItem
from judge_client.client import JudgeClient
from judge_client.errors import Fault, Incompatible, JudgeClientError, NoAnswer, Refused, Unreachable
from judge_client.operations.jobs import JobError, JobResult
from judge_client.outcomes import (
    CaseOutcome,
    ComparedOutcome,
    NoPreference,
    Preferred,
    Scored,
    ScoredCase,
    Unscored,
    UnscoredCase,
    Verdict,
)
from judge_client.patience import Patience
from judge_client.version import __version__

__all__ = [
    "AsyncJudgeClient",
    "Batch",
    "BatchItem",
    "CaseOutcome",
    "ComparedOutcome",
    "Fault",
    "Incompatible",
    "JobError",
    "JobResult",
    "JudgeClient",
    "JudgeClientError",
    "NoAnswer",
    "NoPreference",
    "Patience",
    "Preferred",
    "Refused",
    "Scored",
    "ScoredCase",
    "Unreachable",
    "Unscored",
    "UnscoredCase",
    "Verdict",
    "__version__",
]
