"""What is kept of calibration, over a store in memory and one in a file."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from calibrationmaps import BINDING, a_map, an_artefact
from studies import a_document
from virtualtime import now, virtual

from judge_calibration.ingest import study_from
from judge_service.calibrations.archive import Archive, shipped_maps
from judge_service.errors import (
    BodyTooLarge,
    ConfigurationError,
    MapNotFound,
    ReportNotFound,
    StoreError,
    StudyNotFound,
)
from judge_service.stores.archive import MAX_DOCUMENT_BYTES, pack
from judge_service.stores.memory import MemoryStore
from judge_service.stores.opening import open_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from judge_service.stores.base import Store

PLACE = ("default", "plain", "text")


@pytest.fixture(params=["memory", "file"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    url = "memory://" if request.param == "memory" else f"file://{tmp_path}/store"
    async with open_store(url) as opened:
        yield opened


@pytest.fixture
def archive(store: Store) -> Archive:
    return Archive(store, {})


def active_ids(maps: tuple[object, ...]) -> list[str]:
    return [one.id for one in maps]  # type: ignore[attr-defined]  # they are maps


async def test_a_study_is_kept_once_and_read_again(archive: Archive) -> None:
    study = study_from(a_document(items=8))
    about = {"study_id": study.digest, "profile": {"n_items": 8}, "warnings": []}
    for _ in range(2):
        await archive.keep_study(study, about)
    assert await archive.study_ids() == [study.digest]
    assert await archive.study_about(study.digest) == about
    assert study_from(await archive.study_document(study.digest)).digest == study.digest
    await archive.drop_study(study.digest)
    assert await archive.study_ids() == []
    for reading in (archive.study_document, archive.study_about, archive.drop_study):
        with pytest.raises(StudyNotFound, match=study.digest):
            await reading(study.digest)


async def test_a_study_that_is_too_large_to_be_kept_is_the_senders_to_mend(archive: Archive) -> None:
    with pytest.raises(BodyTooLarge, match="study is larger than the 64 MiB"):
        await archive.keep_study(study_from(a_document(items=4)), {"profile": "x" * MAX_DOCUMENT_BYTES})
    assert await archive.study_ids() == []


async def test_the_beginning_of_an_id_is_no_id(archive: Archive) -> None:
    study = study_from(a_document(items=4))
    await archive.keep_study(study, {})
    with pytest.raises(StudyNotFound):
        await archive.drop_study(study.digest[:-1])
    assert await archive.study_ids() == [study.digest]


async def test_a_map_is_found_by_another_process(store: Store, archive: Archive) -> None:
    artefact = an_artefact()
    await archive.keep_map(artefact)
    found = await Archive(store, {}).find(artefact["id"])
    assert dict(found.content) == artefact
    with pytest.raises(MapNotFound):
        await archive.find("sha256:" + "0" * 64)


async def test_an_artefact_is_read_once(archive: Archive, store: Store) -> None:
    artefact = an_artefact()
    await archive.keep_map(artefact)
    first = await archive.find(artefact["id"])
    await store.release(f"map:{artefact['id']}")
    assert await archive.find(artefact["id"]) is first


async def test_no_more_maps_are_remembered_than_a_few_and_the_least_used_goes(
    archive: Archive, store: Store
) -> None:
    artefacts = [an_artefact(fit={"n_items": at}) for at in range(65)]
    for artefact in artefacts:
        await archive.keep_map(artefact)
        await archive.find(artefact["id"])
        await archive.find(artefacts[0]["id"])
    for artefact in artefacts[:2]:
        await store.release(f"map:{artefact['id']}")
    assert await archive.find(artefacts[0]["id"])
    with pytest.raises(MapNotFound):
        await archive.find(artefacts[1]["id"])


class Counting(MemoryStore):
    """Counts the reads of maps, and takes a moment for each."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    async def kept(self, key: str) -> bytes | None:
        self.reads += key.startswith("map:")
        await asyncio.sleep(0)
        return await super().kept(key)


async def test_those_who_miss_a_map_at_one_time_read_it_once() -> None:
    store, artefact = Counting(), an_artefact()
    archive = Archive(store, {})
    await archive.keep_map(artefact)
    found = await asyncio.gather(*(archive.find(artefact["id"]) for _ in range(20)))
    assert (store.reads, len({id(one) for one in found})) == (1, 1)


async def test_a_record_that_is_not_the_map_its_key_names_is_none(archive: Archive, store: Store) -> None:
    one, other = an_artefact(), an_artefact(fit={"n_items": 1})
    await archive.keep_map(one)
    raw = await store.kept(f"map:{one['id']}")
    assert raw is not None
    await store.keep(f"map:{other['id']}", raw)
    await store.keep(f"map:{one['id']}", raw[:-1])
    for named in (one, other):
        with pytest.raises(StoreError):
            await archive.find(named["id"])


async def test_a_map_is_put_in_force_and_out_and_says_where_it_stands(archive: Archive, store: Store) -> None:
    one, other, level = a_map(), a_map(fit={"n_items": 1}), a_map("accuracy")
    for each in (one, other, level):
        await archive.keep_map(each.content)
    assert await archive.active(*PLACE) == ()
    assert await archive.standing(one) == "kept"
    await archive.activate(one)
    await archive.activate(level)
    assert active_ids(await archive.active(*PLACE)) == [level.id, one.id]
    assert await Archive(store, {}).active("default", "plain", "image") == ()
    await archive.activate(other)
    assert active_ids(await Archive(store, {}).active(*PLACE)) == [level.id, other.id]
    standings = {found.id: standing for found, standing in await archive.maps()}
    assert standings == {one.id: "retired", other.id: "active", level.id: "active"}
    await archive.retire(other)
    await archive.retire(one)
    assert active_ids(await archive.active(*PLACE)) == [level.id]
    assert await archive.standing(other) == "retired"
    await archive.activate(one)
    assert await archive.standing(one) == "active"


async def test_studies_and_maps_are_told_page_by_page(store: Store) -> None:
    shipped = [a_map(fit={"n_items": n}) for n in range(2)]
    archive = Archive(store, {one.id: one for one in shipped})
    kept = [a_map(fit={"n_items": n}) for n in range(2, 6)]
    for each in kept:
        await archive.keep_map(each.content)
    wanted = sorted(each.id for each in (*shipped, *kept))
    for at in range(6):
        page = await archive.maps(wanted[at - 1] if at else "", 2)
        assert [one.id for one, _ in page] == wanted[at : at + 2]
    assert await archive.maps(wanted[-1]) == []
    studies = [study_from(a_document(items=n)) for n in range(5, 9)]
    for study in studies:
        await archive.keep_study(study, {})
    digests = sorted(study.digest for study in studies)
    assert await archive.study_ids(limit=3) == digests[:3]
    assert await archive.study_ids(digests[2]) == digests[3:]


async def test_the_rival_of_a_map_is_what_is_in_force_in_its_place(archive: Archive, store: Store) -> None:
    one, other, level = a_map(), a_map(fit={"n_items": 1}), a_map("accuracy")
    for each in (one, other):
        await archive.keep_map(each.content)
    assert await archive.rival(one) is None
    await archive.activate(one)
    found = await archive.rival(other)
    assert (found and found.id, await archive.rival(one), await archive.rival(level)) == (one.id, None, None)
    await store.release(f"map:{one.id}")
    assert await Archive(store, {}).rival(other) is None


async def test_an_active_map_that_is_lost_is_told_and_not_taken_for_none(
    archive: Archive, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    one = a_map()
    await archive.keep_map(one.content)
    await archive.activate(one)
    await store.release(f"map:{one.id}")
    for _ in range(3):
        with pytest.raises(MapNotFound, match=one.id):
            await archive.active(*PLACE)
    assert [record.getMessage() for record in caplog.records] == [
        f"scores are not calibrated: no calibration map has the id {one.id!r}"
    ]


async def test_a_map_that_is_bound_to_nothing_cannot_be_in_force(archive: Archive) -> None:
    for binding in (
        None,
        {},
        {"judge": "default", "rubric": "plain"},
        {"judge": 1, "rubric": "a", "mode": "text"},
    ):
        one = a_map(judge={"binding": binding})
        with pytest.raises(ValueError, match="binding"):
            await archive.activate(one)
        await archive.retire(one)
        assert await archive.standing(one) == "kept"


async def test_replicas_that_activate_at_one_time_lose_nothing(store: Store) -> None:
    maps = [a_map(f"criterion_{at}") for at in range(6)]
    replicas = [Archive(store, {}) for _ in maps]
    for replica, one in zip(replicas, maps, strict=True):
        await replica.keep_map(one.content)
    await asyncio.gather(*(replica.activate(one) for replica, one in zip(replicas, maps, strict=True)))
    assert active_ids(await replicas[0].active(*PLACE)) == [one.id for one in maps]


class Contended(MemoryStore):
    """Another replica is always faster."""

    async def swap(self, key: str, expected: bytes | None, value: bytes) -> bool:
        return False


async def test_who_never_gets_its_turn_says_so() -> None:
    with pytest.raises(StoreError, match="replicas"):
        await Archive(Contended(), {}).activate(a_map())


class Away(MemoryStore):
    """Counts who asks, and answers nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def kept(self, key: str) -> bytes | None:
        self.asked += 1
        raise StoreError("away")


async def test_a_store_that_is_away_is_left_alone_by_scores() -> None:
    store = Away()
    archive = Archive(store, {})
    for _ in range(50):
        with pytest.raises(StoreError):
            await archive.active(*PLACE)
    assert store.asked == 1


@pytest.mark.parametrize("raw", [b"nonsense", pack([], schema="active"), pack({}, schema="active")])
async def test_a_record_of_active_maps_that_cannot_be_read_is_the_trouble_of_its_own_scores(
    archive: Archive, store: Store, raw: bytes
) -> None:
    broken, sound = a_map(), a_map(judge={"binding": BINDING | {"mode": "image"}})
    for one in (broken, sound):
        await archive.keep_map(one.content)
        await archive.activate(one)
    key = next(key for key in await store.kept_keys("active:") if '"text"' in key)
    await store.keep(key, raw)
    for _ in range(3):
        with pytest.raises(StoreError, match="record of active maps"):
            await archive.active(*PLACE)
    assert active_ids(await archive.active("default", "plain", "image")) == [sound.id]


async def test_a_report_is_claimed_by_one_and_taken_on_when_it_is_let_go(
    store: Store, archive: Archive
) -> None:
    other = Archive(store, {})
    for _ in range(2):
        async with (
            archive.claimed("r") as ours,
            other.claimed("r") as theirs,
            archive.claimed("s") as another,
        ):
            assert (ours, theirs, another) == (True, False, True)


def test_a_claim_is_lengthened_for_as_long_as_it_is_needed() -> None:
    @virtual
    async def compute() -> None:
        store = MemoryStore(clock=now)
        async with Archive(store, {}).claimed("r"):
            await asyncio.sleep(300)
            async with Archive(store, {}).claimed("r") as theirs:
                assert not theirs

    compute()


async def test_a_report_is_kept_in_place_of_what_was_known_and_forgotten(
    store: Store, archive: Archive
) -> None:
    begun, done = {"state": "in_progress"}, {"state": "completed", "report": "{}"}
    assert not await archive.replace_report("r", begun, done)
    assert await archive.replace_report("r", None, begun)
    assert not await archive.replace_report("r", None, done)
    assert await Archive(store, {}).replace_report("r", begun, done)
    assert not await archive.replace_report("r", begun, begun)
    assert await archive.report("r") == done
    await archive.drop_report("r")
    for reading in (archive.report, archive.drop_report):
        with pytest.raises(ReportNotFound):
            await reading("r")


async def test_maps_that_ship_are_found_listed_and_may_be_put_in_force(store: Store, tmp_path: Path) -> None:
    one = a_map()
    (tmp_path / "example.json").write_text(json.dumps(one.content), "utf-8")
    archive = Archive(store, shipped_maps(tmp_path))
    assert (await archive.find(one.id)).content == one.content
    assert [(found.id, standing) for found, standing in await archive.maps()] == [(one.id, "kept")]
    await archive.activate(one)
    assert active_ids(await archive.active(*PLACE)) == [one.id]


def test_a_folder_of_maps_may_be_missing_and_holds_nothing_else(tmp_path: Path) -> None:
    assert shipped_maps(tmp_path / "nowhere") == {}
    (tmp_path / "README.md").write_text("Maps.")
    assert shipped_maps(tmp_path) == {}
    for text in ("{", "[]", json.dumps({**an_artefact(), "criterion": "other"})):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(ConfigurationError, match=r"bad\.json"):
            shipped_maps(tmp_path)
