from __future__ import annotations

import pytest

from judge_service.backends.circuit import Circuit
from judge_service.errors import BackendUnavailable


def _circuit(jitter: float = 0.5) -> Circuit:
    return Circuit(lambda: jitter)


def _feed(circuit: Circuit, good: int, bad: int, now: float = 0.0) -> None:
    for failed in [False] * good + [True] * bad:
        circuit.record(now, failed=failed, probe=circuit.admit(now))


def _state(circuit: Circuit) -> str:
    return circuit.state


def _opened(jitter: float = 0.5) -> Circuit:
    circuit = _circuit(jitter)
    _feed(circuit, good=10, bad=10)
    return circuit


@pytest.mark.parametrize(("good", "bad"), [(0, 19), (11, 10), (200, 150)])
def test_stays_closed_with_few_calls_or_few_failures(good: int, bad: int) -> None:
    circuit = _circuit()
    _feed(circuit, good, bad)
    assert _state(circuit) == "closed"


@pytest.mark.parametrize(("good", "bad"), [(0, 20), (10, 10), (150, 150)])
def test_opens_at_half_of_at_least_twenty(good: int, bad: int) -> None:
    circuit = _circuit()
    _feed(circuit, good, bad)
    assert _state(circuit) == "open"


def test_turns_calls_away_and_says_for_how_long() -> None:
    with pytest.raises(BackendUnavailable) as caught:
        _opened().admit(4.0)
    assert caught.value.code == "circuit_open"
    assert caught.value.retry_after_s == pytest.approx(11.0)
    assert caught.value.retryable


@pytest.mark.parametrize(("jitter", "opens"), [(0.0, 10.5), (0.5, 15.0), (1.0, 19.5)])
def test_lets_one_probe_pass_after_fifteen_seconds_give_or_take(jitter: float, opens: float) -> None:
    circuit = _opened(jitter)
    with pytest.raises(BackendUnavailable):
        circuit.admit(opens - 0.01)
    assert circuit.admit(opens + 0.01)
    assert _state(circuit) == "half_open"
    with pytest.raises(BackendUnavailable) as caught:
        circuit.admit(opens + 0.02)
    assert caught.value.retry_after_s == 1.0


def test_a_good_probe_closes_it_with_a_clean_slate() -> None:
    circuit = _opened()
    circuit.record(16.0, failed=False, probe=circuit.admit(16.0))
    assert _state(circuit) == "closed"
    _feed(circuit, good=0, bad=19, now=16.0)
    assert _state(circuit) == "closed"


def test_a_bad_probe_opens_it_for_as_long_again() -> None:
    circuit = _opened()
    circuit.record(16.0, failed=True, probe=circuit.admit(16.0))
    assert _state(circuit) == "open"
    with pytest.raises(BackendUnavailable):
        circuit.admit(30.9)
    assert circuit.admit(31.1)


def test_an_abandoned_probe_leaves_room_for_the_next() -> None:
    circuit = _opened()
    circuit.abandon(probe=circuit.admit(16.0))
    assert _state(circuit) == "half_open"
    assert circuit.admit(16.1)


def test_calls_that_began_before_it_opened_decide_nothing() -> None:
    circuit = _opened()
    circuit.record(1.0, failed=False, probe=False)
    assert _state(circuit) == "open"
    assert circuit.admit(16.0)
    circuit.record(16.0, failed=True, probe=False)
    circuit.abandon(probe=False)
    assert _state(circuit) == "half_open"
    with pytest.raises(BackendUnavailable):
        circuit.admit(16.1)


def test_forgets_failures_after_half_a_minute() -> None:
    circuit = _circuit()
    _feed(circuit, good=0, bad=19, now=100.0)
    _feed(circuit, good=0, bad=19, now=131.0)
    assert _state(circuit) == "closed"
    _feed(circuit, good=0, bad=1, now=160.0)
    assert _state(circuit) == "open"
