"""What is counted, for Prometheus: names of rubrics and judges, outcomes, seconds. Never a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from collections.abc import Callable

    from judge_service.domain.comparison import Comparison
    from judge_service.domain.score import Score

_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Observation:
    """One registry per application, so that two of them in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "judge_requests", "HTTP answers.", ("route", "status"), registry=self.registry
        )
        self._scores = Counter(
            "judge_scores", "Scores told, by outcome.", ("rubric", "judge", "outcome"), registry=self.registry
        )
        self._comparisons = Counter(
            "judge_comparisons",
            "Comparisons told, by outcome.",
            ("rubric", "judge", "outcome"),
            registry=self.registry,
        )
        self._flips = Counter(
            "judge_position_flips",
            "Criteria on which a judge contradicted itself in the other order.",
            ("judge",),
            registry=self.registry,
        )
        self._cache = Counter("judge_cache", "How judgements were had.", ("result",), registry=self.registry)
        self._flights = Counter(
            "judge_singleflight", "Roles in shared calls.", ("role",), registry=self.registry
        )
        self._attempts = Counter(
            "judge_upstream_attempts", "Calls to judges.", ("judge", "result"), registry=self.registry
        )
        self._latency = Histogram(
            "judge_upstream_seconds",
            "Time of one call to a judge.",
            ("judge",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._gates = Gauge(
            "judge_gate",
            "A judge's gate: limit, inflight, waiting.",
            ("judge", "what"),
            registry=self.registry,
        )

        self._working = Gauge(
            "judge_job_items_in_work", "Items of jobs in work here.", registry=self.registry
        )

    def request(self, route: str, status: int) -> None:
        """Count one HTTP answer."""
        self._requests.labels(route, str(status)).inc()

    def score(self, score: Score) -> None:
        """Count one score and how its judgement was had."""
        provenance = score.provenance
        self._scores.labels(provenance.rubric, provenance.judge, score.outcome).inc()
        self._cache.labels(provenance.cache).inc()

    def comparison(self, comparison: Comparison) -> None:
        """Count one comparison, its flips, and how each of its judgements was had."""
        provenance = comparison.provenance
        self._comparisons.labels(provenance.rubric, provenance.judge, comparison.outcome).inc()
        self._flips.labels(provenance.judge).inc(comparison.position.flips)
        for asked in comparison.asked.values():
            self._cache.labels(asked.cache).inc()

    def flight(self, role: str) -> None:
        """Count one event of the cache and its single flight."""
        self._flights.labels(role).inc()

    def attempt(self, judge: str, outcome: str, seconds: float) -> None:
        """Count one call to a judge."""
        self._attempts.labels(judge, outcome).inc()
        self._latency.labels(judge).observe(seconds)

    def watch_gate(self, judge: str, what: str, read: Callable[[], float]) -> None:
        """Export a figure of a gate, read whenever it is scraped."""
        self._gates.labels(judge, what).set_function(read)

    def watch_jobs(self, working: Callable[[], float]) -> None:
        """Export how many items of jobs are in work here, read whenever it is scraped."""
        self._working.set_function(working)

    def exposition(self) -> bytes:
        """The text Prometheus scrapes."""
        return generate_latest(self.registry)
