"""Reads studies: JSON documents, NDJSON, CSV, answers of the scoring service. Every row at fault is told."""

from judge_calibration.ingest.document import study_from
from judge_calibration.ingest.files import read_study, study_from_text

__all__ = ["read_study", "study_from", "study_from_text"]
