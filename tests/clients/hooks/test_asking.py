"""What all hooks ask by: a score is a value, and everything else says why there is none."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hookguide import hurried
from redis_server import free_port
from serving import REFERENCE, served

from judge_client import Incompatible, JudgeClient, Refused
from judge_client.hooks.asking import Asker, Judged, NotJudged, Unjudged, shown, told_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from judge_client.batches import BatchItem

RIGHT: dict[str, Any] = {"response": REFERENCE, "reference": REFERENCE}
VAGUE = {"response": "Pneumonia.", "reference": "x"}
TOO_LONG = {"response": "word " * 400_000, "reference": REFERENCE}


def test_a_score_is_a_value_from_0_to_1_with_its_reasons(service: JudgeClient) -> None:
    told = Asker(service, "medical-qa", {}).one(RIGHT | {"prompt": None})
    assert isinstance(told, Judged)
    assert told.value == 1
    assert told.details == {
        "points": 100,
        "levels": {"consistency": 5, "coherence": 5, "ground_truth": 5},
        "judge": "default",
    }
    assert told.explanation.startswith("consistency: ")


@pytest.mark.parametrize(
    ("case", "options", "outcome"),
    [
        (VAGUE, {}, "abstained"),
        (RIGHT, {"judge": "away"}, "provider_error"),
        ({"response": "A.", "reference": "A.", "images": ["ftp://x"]}, {}, None),
        (TOO_LONG, {}, None),
        (RIGHT | {"response": "Never asked before."}, {"cache": "only"}, "cache-miss"),
    ],
)
def test_whatever_else_becomes_of_a_case_is_no_value(
    service: JudgeClient, case: dict[str, Any], options: dict[str, Any], outcome: str | None
) -> None:
    asker = Asker(service, "medical-qa", options)
    for told in (asker.one(case), *asker.many([case])):
        assert isinstance(told, Unjudged)
        assert told.outcome == (outcome or told.outcome)
        assert told.reason
        with pytest.raises(AttributeError, match="isinstance"):
            _ = told.value  # type: ignore[attr-defined]


def test_a_request_that_no_case_makes_right_is_raised(service: JudgeClient) -> None:
    for asker in (Asker(service, "no-such", {}), Asker(service, "medical-qa", {"judge": "no-such"})):
        with pytest.raises(Refused, match="No such"):
            asker.one(RIGHT)
        with pytest.raises(Refused, match="No such"):
            asker.many([RIGHT])
    with pytest.raises(Incompatible):
        told_of(Incompatible("another"))  # type: ignore[arg-type]  # it is none of the results


def test_where_no_service_is_there_is_no_value(nobody: JudgeClient) -> None:
    asker = Asker(nobody, "medical-qa", {})
    told = [asker.one(RIGHT), *asker.many([RIGHT, VAGUE])]
    assert [(each.outcome, isinstance(each, Unjudged)) for each in told if isinstance(each, Unjudged)] == [
        ("unreachable", True)
    ] * 3


def test_many_come_in_their_order_and_none_are_asked_for_none(service: JudgeClient) -> None:
    asker = Asker(service, "medical-qa", {})
    told = asker.many([RIGHT, VAGUE, {"response": "A fracture.", "reference": REFERENCE}, RIGHT])
    assert [isinstance(each, Judged) for each in told] == [True, False, True, True]
    assert [each.value for each in told if isinstance(each, Judged)] == [1, pytest.approx(1 / 3), 1]
    assert asker.many([]) == []


def test_half_a_character_leaves_one_case_without_a_value(service: JudgeClient) -> None:
    cases = [dict(RIGHT) for _ in range(600)]
    cases[1]["response"] = "a\ud800"
    told = Asker(service, "medical-qa", {}).many(cases)
    assert [at for at, each in enumerate(told) if isinstance(each, Unjudged)] == [1]
    assert isinstance(told[1], Unjudged)
    assert told[1].outcome == "malformed-body"


class RefusesSome(JudgeClient):
    """Its first call is refused as a whole."""

    calls = 0

    def stream(self, requests: Iterable[Any], *, defaults: Any = None) -> Iterator[BatchItem]:
        self.calls += 1
        if self.calls == 1:
            list(requests)
            raise Refused("too large", status=413, type="urn:x:body-too-large")
        return super().stream(requests, defaults=defaults)


def test_a_call_that_is_refused_leaves_the_next_256_cases_their_values(service_url: str) -> None:
    with RefusesSome(service_url) as client:
        told = Asker(client, "medical-qa", {}).many([RIGHT] * 300)
    assert {each.outcome for each in told[:256] if isinstance(each, Unjudged)} == {"body-too-large"}
    assert [isinstance(each, Judged) for each in told] == [False] * 256 + [True] * 44


def test_a_picture_that_cannot_be_read_is_its_own_cases_and_no_others(
    service: JudgeClient, tmp_path: Path
) -> None:
    (tmp_path / "x.gif").write_bytes(b"GIF89a")
    odd = [tmp_path / "gone.png", tmp_path / "x.gif", Path("A" * 5000)]
    cases = [RIGHT, *(RIGHT | {"images": [picture]} for picture in odd), RIGHT]
    asker = Asker(service, "medical-qa", {})
    told = asker.many(cases)
    assert [isinstance(each, Judged) for each in told] == [True, False, False, False, True]
    for alike in (told[1:4], [asker.one(case) for case in cases[1:4]]):
        assert {each.outcome for each in alike if isinstance(each, Unjudged)} == {"no_picture"}
        assert not any("AAAA" in each.explanation for each in alike)


def test_what_a_service_that_goes_has_not_told_is_no_value(tmp_path: Path) -> None:
    with served(tmp_path) as process, JudgeClient(process.url) as patient, hurried(process.url) as client:
        patient.version()
        asker = Asker(client, "medical-qa", {})
        assert isinstance(asker.one(RIGHT), Judged)
        process.stop(9)
        assert {type(each) for each in asker.many([RIGHT] * 3)} == {Unjudged}


def test_an_address_is_as_good_as_a_client() -> None:
    assert Asker(f"http://127.0.0.1:{free_port()}", "medical-qa", {}).client is not None


def test_a_case_is_shown_as_texts_and_pictures_and_without_what_is_not_there(tmp_path: Path) -> None:
    picture = tmp_path / "x.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    told = shown({"response": 7, "prompt": None, "images": [picture, "data:image/png;base64,AA=="]})
    assert told["response"] == "7"
    assert [image["url"][:22] for image in told["images"]] == ["data:image/png;base64,"] * 2
    assert "prompt" not in told
    assert "images" not in shown({"response": "A.", "images": []})
    for value in (["A.", "B."], {"text": "A."}):
        with pytest.raises(TypeError, match="reference is a"):
            shown({"response": "A.", "reference": value})


def test_not_judged_crosses_processes_with_its_outcome() -> None:
    again = pickle.loads(pickle.dumps(NotJudged(Unjudged("refused", "it would not"))))  # noqa: S301  our own
    assert (again.outcome, str(again)) == ("refused", "refused: it would not")
