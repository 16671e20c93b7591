"""The probe: what it asks, and what it makes of judges that look, that do not, and that cannot say."""

from __future__ import annotations

import asyncio
import base64
import io
from typing import TYPE_CHECKING, Any

import PIL.Image
import pytest
from builders import (
    a_case,
    a_criterion,
    a_picture,
    a_reply,
    a_rubric,
    a_spec,
    a_stored_rubric,
    an_image,
    encoded,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from imagelines import CountingLine
from lines import FakeCache

from judge_service.domain.looking import ProbeReport, ProbeRequest
from judge_service.domain.score import Score
from judge_service.errors import (
    BackendTimeout,
    ImageRejected,
    JudgeNotFound,
    RequestError,
    RubricNotFound,
    UnfitCase,
)
from judge_service.images import ImageOpener
from judge_service.prompts import Prompts
from judge_service.rubric_store import RubricStore
from judge_service.scoring.judge import Judge
from judge_service.scoring.looking import Looker, swapped
from judge_service.scoring.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Callable

    from judge_service.backends.base import Prompt
    from judge_service.domain.case import Case, Image

NEEDS = {"text": ["response"], "image": ["response", "images"]}
SIGHT = a_rubric(a_criterion("sight", needs=NEEDS), a_criterion("style"))
SHADES = (0, 50, 100, 150, 200, 250)
GREY = 128


def picture(shade: int, role: str = "question") -> Image:
    return an_image(encoded(a_picture("L", (6, 5), shade)), role=role)


def cases(count: int = 6) -> list[dict[str, Any]]:
    """Cases with pictures of different shades."""
    shown = [picture(shade).model_dump() for shade in SHADES[:count]]
    return [{"response": f"Shade {at}.", "images": [image]} for at, image in enumerate(shown)]


def shade_of(prompt: Prompt) -> int:
    raw = base64.b64decode(prompt.images[0].partition(",")[2])
    with PIL.Image.open(io.BytesIO(raw)) as shown:
        return int(shown.convert("L").getpixel((2, 2)) or 0)  # type: ignore[arg-type]


def level(sight: object, style: object = 3) -> str:
    levels = zip(SIGHT.criteria, (sight, style), strict=True)
    return "{" + ",".join(a_reply([criterion], at)[1:-1] for criterion, at in levels) + "}"


def sees(prompt: Prompt) -> str:
    """Give 4 for the picture that goes with the response, and less for others."""
    if not prompt.images:
        return level(0)
    own = SHADES[int(prompt.case.response[6])]
    return level(4 if shade_of(prompt) == own else 1)


def abstains_on_grey(prompt: Prompt) -> str:
    return level(None if prompt.images and shade_of(prompt) == GREY else 4)


def a_looker(
    says: Callable[[Prompt], str], line: CountingLine | None = None, rubric: Any = SIGHT, **spec: Any
) -> Looker:
    line = line or CountingLine(says, seconds=0)
    judge = Judge("default", a_spec(**spec), line, Prompts(b"key"), FakeCache())
    opener = ImageOpener(1 << 28)
    return Looker(Scorer(RubricStore([a_stored_rubric(rubric)]), {"default": judge}, opener), opener)


async def found(looker: Looker, seconds: float = 60, **fields: Any) -> ProbeReport | Score:
    order = ProbeRequest.model_validate({"rubric": "plain", "cases": cases()} | fields)
    deadline = asyncio.get_running_loop().time() + seconds
    return await looker.probe("default", order, deadline=deadline)


async def report(looker: Looker, **fields: Any) -> ProbeReport:
    told = await found(looker, **fields)
    assert isinstance(told, ProbeReport)
    assert ProbeReport.model_validate_json(told.model_dump_json()) == told
    return told


async def test_a_judge_that_looks_is_moved_by_its_pictures_and_not_by_being_asked_again() -> None:
    line = CountingLine(sees, seconds=0)
    told = await report(a_looker(sees, line))
    assert told.looked is True
    assert told.reason.startswith(
        "sight: blanking changed 6 of 6, swapping changed 6 of 6, asking again changed 0"
    )
    sight, style = told.criteria["sight"], told.criteria["style"]
    assert [sight.arms[arm].mean for arm in ("as_is", "blanked", "swapped", "again")] == [80, 20, 20, 80]
    assert [sight.shifts[arm].mean for arm in ("blanked", "swapped", "again")] == [-60, -60, 0]
    assert (sight.needs_images, style.needs_images, style.looked) == (True, False, False)
    assert told.threshold == 0.025
    assert (told.tokens_with_images or 0) - (told.tokens_without_images or 0) == 85
    assert {arm: calls.asked for arm, calls in told.arms.items()} == dict.fromkeys(
        ("as_is", "blanked", "swapped", "again"), 6
    )
    assert (len(line.prompts), len(line.bare)) == (2 * 4 * 6, 4 * 6)
    assert (told.models, told.cases, told.flags) == (("judge-7b-0611",), 6, ())


async def test_a_judge_that_does_not_look_is_told_of() -> None:
    told = await report(a_looker(lambda _: level(4)))
    assert told.looked is False
    assert "made no difference" in told.reason


async def test_abstaining_on_a_blank_picture_is_looking_and_is_counted_apart() -> None:
    told = await report(a_looker(abstains_on_grey))
    shift = told.criteria["sight"].shifts["blanked"]
    assert told.looked is True
    assert (shift.began_to_abstain, shift.level_changed, shift.mean) == (6, 0, None)
    assert told.criteria["sight"].arms["blanked"].outcomes == {"abstained": 6}


async def test_a_judge_that_changes_by_itself_is_not_taken_to_look() -> None:
    turns = iter(range(10_000))
    told = await report(a_looker(lambda _: level(next(turns) % 5)), repeats=3)
    assert told.looked is not True
    assert told.arms["again"].asked == 18


async def test_answers_that_may_vary_are_said_to() -> None:
    assert (await report(a_looker(sees, temperature=0.7))).flags == ("answers_vary",)


async def test_one_case_is_blanked_and_too_few_to_tell() -> None:
    told = await report(a_looker(sees), cases=cases(1))
    assert set(told.arms) == {"as_is", "blanked", "again"}
    assert (told.looked, told.threshold) == (None, 0.05)
    assert "too few to tell" in told.reason
    given_one = await report(a_looker(sees), cases=cases(1), swap_with=[picture(77).model_dump()])
    assert given_one.criteria["sight"].shifts["swapped"].mean == -60


async def test_a_picture_swapped_for_itself_says_nothing_and_that_is_told() -> None:
    same = [case | {"images": cases(1)[0]["images"]} for case in cases()]
    told = await report(a_looker(lambda _: level(4)), cases=same)
    swap = told.criteria["sight"].shifts["swapped"]
    assert (swap.pairs, swap.same_images) == (0, 6)
    assert told.looked is False


async def test_as_it_is_may_be_known_and_again_is_always_asked() -> None:
    looker = a_looker(sees)
    await report(looker)
    told = await report(looker)
    cached = {arm: calls.from_cache for arm, calls in told.arms.items()}
    assert cached == {"as_is": 6, "blanked": 6, "swapped": 6, "again": 0}


async def test_a_rubric_that_needs_no_image_is_decided_by_all_criteria() -> None:
    told = await report(a_looker(sees, rubric=a_rubric(a_criterion("sight"), a_criterion("style"))))
    assert (told.looked, told.threshold) == (True, 0.0125)


async def test_images_that_are_dropped_are_no_look() -> None:
    line = CountingLine(sees, seconds=0, drops=True)
    told = await report(a_looker(sees, line))
    assert told.looked is False
    assert "dropped" in told.reason
    assert {arm.failures["images_dropped"] for arm in told.arms.values()} == {6}
    assert told.criteria["sight"].arms["as_is"].outcomes == {"rejected_input": 6}
    assert told.tokens_with_images == told.tokens_without_images


async def test_images_that_are_dropped_only_now_are_no_look_either() -> None:
    line = CountingLine(sees, seconds=0)
    looker = a_looker(sees, line)
    assert (await report(looker)).looked is True
    line.drops = True
    anew = [case | {"response": f"{case['response']} Once more."} for case in cases()]
    told = await report(looker, cases=anew)
    assert told.looked is False
    assert "the provider dropped the images" in told.reason
    assert {arm.failures["images_dropped"] for arm in told.arms.values()} == {6}


async def test_a_provider_that_drops_some_images_is_told_of_arm_by_arm() -> None:
    line = CountingLine(sees, seconds=0, drops=lambda prompt: shade_of(prompt) != GREY)
    told = await report(a_looker(sees, line))
    dropped = {arm: calls.failures.get("images_dropped", 0) for arm, calls in told.arms.items()}
    assert dropped == {"as_is": 6, "blanked": 0, "swapped": 6, "again": 6}


async def test_where_no_tokens_are_told_the_report_says_that_nothing_is_confirmed() -> None:
    told = await report(a_looker(sees, CountingLine(sees, seconds=0, tells=False)))
    assert told.looked is True  # the levels move, whatever is counted
    assert told.flags == ("images_unconfirmed",)
    assert (told.tokens_with_images, told.arms["as_is"].usage.input_tokens) == (None, None)


async def test_a_judge_that_never_answers_is_a_failure_as_of_a_score() -> None:
    told = await found(a_looker(sees, CountingLine(sees, seconds=9)), seconds=0.4)
    assert isinstance(told, Score)
    assert told.outcome == "timeout"


async def test_no_time_to_make_blank_images_is_a_timeout() -> None:
    with pytest.raises(BackendTimeout, match="blank images"):
        await found(a_looker(sees), seconds=-1)


BAD: list[tuple[dict[str, Any], dict[str, Any], type[RequestError], str]] = [
    ({"rubric": "fancy"}, {}, RubricNotFound, "known: plain"),
    ({}, {"images": False}, UnfitCase, "cannot be shown images"),
    ({}, {"kind": "embedded"}, UnfitCase, "cannot be shown images"),
    ({"cases": [*cases(1), {"response": "None."}]}, {}, UnfitCase, r"cases\[1\] has no image"),
    ({"cases": [cases(1)[0] | {"response": " "}]}, {}, UnfitCase, r"cases\[0\]: the response is empty"),
    (
        {"cases": [*cases(1), cases(1)[0] | {"images": [{"url": "data:image/png;base64,AAAA"}]}]},
        {},
        ImageRejected,
        r"cases\[1\], blanked: images\[0\]: not a readable PNG",
    ),
    (
        {"swap_with": [{"url": "https://example.org/x.png"}]},
        {},
        ImageRejected,
        r"cases\[\d\], swapped: images\[0\]: only base64",
    ),
    (
        {"cases": [cases(1)[0] | {"images": cases(1)[0]["images"] * 2}]},
        {"max_images": 1},
        UnfitCase,
        "2 images",
    ),
    ({}, {"max_image_pixels": 29}, ImageRejected, r"it has 30 pixels, and this judge is shown at most 29"),
]


@pytest.mark.parametrize(("fields", "spec", "kind", "words"), BAD)
async def test_what_can_tell_nothing_is_refused_with_the_case_and_the_remedy(
    fields: dict[str, Any], spec: dict[str, Any], kind: type[RequestError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        await found(a_looker(sees, **spec), **fields)


async def test_only_judges_and_rubrics_that_are_there_can_be_probed() -> None:
    looker = a_looker(sees)
    order = ProbeRequest.model_validate({"rubric": "plain", "cases": cases(1)})
    with pytest.raises(JudgeNotFound):
        await looker.probe("nobody", order, deadline=asyncio.get_running_loop().time() + 9)
    text = a_rubric(a_criterion(needs=["response"]), modes=["text"])
    with pytest.raises(UnfitCase, match="no image mode"):
        await found(a_looker(sees, rubric=text))


@settings(max_examples=8, deadline=None)
@given(st.permutations(range(6)))
def test_the_order_of_the_cases_changes_nothing(order: list[int]) -> None:
    async def both() -> tuple[ProbeReport, ProbeReport]:
        donated = [picture(77).model_dump()]
        one = await report(a_looker(sees), swap_with=donated)
        shuffled = [cases()[at] for at in order]
        return one, await report(a_looker(sees), cases=shuffled, swap_with=donated)

    one, other = asyncio.run(both())
    assert one == other


ROLES = st.lists(st.sampled_from(["question", "response", "reference"]), min_size=1, max_size=4)


@given(st.lists(ROLES, min_size=1, max_size=4), ROLES)
def test_swapping_keeps_places_and_roles_and_takes_the_others_images(
    roles: list[list[str]], donated: list[str]
) -> None:
    def shown(case: int, names: list[str]) -> list[dict[str, str]]:
        return [{"role": role, "url": f"{case} {role} {at}"} for at, role in enumerate(names)]

    given_cases = tuple(a_case(images=shown(at, names)) for at, names in enumerate(roles))
    own = swapped(given_cases, ())
    assert len(own) == (0 if len(given_cases) == 1 else len(given_cases))
    gift = a_case(images=shown(9, donated)).images
    for at, case in enumerate(own):
        _fits(given_cases[at], case, given_cases[(at + 1) % len(given_cases)].images)
    for before, after in zip(given_cases, swapped(given_cases, gift), strict=True):
        _fits(before, after, gift)


def _fits(before: Case, after: Case, donors: tuple[Image, ...]) -> None:
    assert [image.role for image in after.images] == [image.role for image in before.images]
    assert after.response == before.response
    for image in after.images:
        fitting = [donor.url for donor in donors if donor.role == image.role]
        assert image.url in (fitting or [donor.url for donor in donors])
