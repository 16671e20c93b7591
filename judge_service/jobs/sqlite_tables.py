"""The jobs' ledger as tables: its layout, and how a job's row is read."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from judge_service.domain.job import JobFault, JobOrder
from judge_service.jobs.base import JobRecord

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

ITEM_BITS = 17  # an item's number is its job's serial and its index in one integer
APPLICATION = 0x4A534A62
LAYOUT = 1
TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
    serial INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL, ord TEXT NOT NULL,
    expires REAL NOT NULL,
    state TEXT NOT NULL, ending TEXT NOT NULL DEFAULT 'completed', version INTEGER NOT NULL DEFAULT 1,
    items INTEGER NOT NULL DEFAULT 0, next INTEGER NOT NULL DEFAULT 0, rejected INTEGER NOT NULL DEFAULT 0,
    completed INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0, output_tokens INTEGER NOT NULL DEFAULT 0,
    microusd INTEGER NOT NULL DEFAULT 0, uncounted INTEGER NOT NULL DEFAULT 0,
    unpriced INTEGER NOT NULL DEFAULT 0, results_bytes INTEGER NOT NULL DEFAULT 0,
    errors_bytes INTEGER NOT NULL DEFAULT 0, times TEXT NOT NULL, faults TEXT NOT NULL DEFAULT '[]',
    due REAL NOT NULL DEFAULT 0, drawn INTEGER NOT NULL DEFAULT 0,
    lease REAL NOT NULL DEFAULT 0, kept_until REAL);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state);
CREATE INDEX IF NOT EXISTS jobs_by_tenant ON jobs (tenant, serial);
CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS done (id INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS running (
    id INTEGER PRIMARY KEY, owner TEXT NOT NULL, lease REAL NOT NULL, deliveries INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS running_by_lease ON running (lease);
CREATE TABLE IF NOT EXISTS lines (
    serial INTEGER PRIMARY KEY, job INTEGER NOT NULL, kind TEXT NOT NULL, start INTEGER NOT NULL,
    size INTEGER NOT NULL, value BLOB NOT NULL, UNIQUE (job, kind, start));
CREATE TABLE IF NOT EXISTS outcomes (
    job INTEGER NOT NULL, outcome TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (job, outcome)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keys (
    tenant TEXT NOT NULL, key TEXT NOT NULL, job TEXT NOT NULL, digest TEXT NOT NULL DEFAULT '',
    lease REAL NOT NULL, PRIMARY KEY (tenant, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS workers (name TEXT PRIMARY KEY, lease REAL NOT NULL) WITHOUT ROWID;
"""
FIELDS = (
    "ord, state, version, items + rejected, completed, failed, input_tokens, output_tokens, microusd, uncounted, "
    "unpriced, results_bytes, errors_bytes, times, ending, faults, serial"
)
_OUTCOMES = "SELECT outcome, n FROM outcomes WHERE job = ? ORDER BY n DESC, outcome"


def number(serial: int, index: int) -> int:
    """An item's number."""
    return serial << ITEM_BITS | index


def index_of(item: int) -> int:
    """The index in an item's number."""
    return item & ((1 << ITEM_BITS) - 1)


def record(connection: sqlite3.Connection, row: tuple[Any, ...]) -> JobRecord:
    """Read a job's row of `FIELDS`."""
    order, state, version, total, completed, failed, read, written, spent, uncounted, unpriced, *rest = row
    results_bytes, errors_bytes, times, ending, faults, serial = rest
    return JobRecord(
        order=JobOrder.model_validate_json(order),
        state=state,
        version=version,
        total=total,
        completed=completed,
        failed=failed,
        outcomes=dict(connection.execute(_OUTCOMES, (serial,)).fetchall()),
        input_tokens=read,
        output_tokens=written,
        microusd=spent,
        uncounted=uncounted,
        unpriced=unpriced,
        results_bytes=results_bytes,
        errors_bytes=errors_bytes,
        times=json.loads(times),
        ending=ending,
        faults=tuple(JobFault.model_validate(fault) for fault in json.loads(faults)),
    )


@contextmanager
def lasting(connection: sqlite3.Connection) -> Iterator[None]:
    """What is committed inside is on the disk, and not only beyond this process's death."""
    connection.execute("PRAGMA synchronous = FULL")
    try:
        yield
    finally:
        connection.execute("PRAGMA synchronous = NORMAL")
