"""Reads studies: JSON documents, NDJSON, CSV, answers of the scoring service. Every row at fault is told."""

from judge_calibration.ingest.document import study_from
from judge_calibration.ingest.files import read_study, study_from_text
from judge_calibration.ingest.healthbench import healthbench_study

__all__ = ["healthbench_study", "read_study", "study_from", "study_from_text"]
