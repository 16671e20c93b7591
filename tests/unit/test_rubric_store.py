from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from builders import a_rubric, a_stored_rubric
from yaml import YAMLError

from judge_service.errors import ConfigurationError, RubricNotFound
from judge_service.rubric_store import MAX_BYTES, RubricStore, digests, load_rubrics, parse_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from judge_service.rubric_store import StoredRubric

TEXT = """\
id: plain
version: 1
title: Plain
about: For tests.
prompt: prompts/plain.jinja
modes: [text]
criteria:
  - id: accuracy
    title: Accuracy
    question: Is it right?
    weight: 4
    needs: [response]
    scale:
      kind: binary
      levels:
        - {label: 0, value: 0.0, means: "No."}
        - {label: 1, value: 1.0, means: "Yes."}
"""
TEMPLATE = "Judge {{ rubric.title }}.\n"


def a_folder(path: Path, text: str | bytes = TEXT, template: str | bytes | None = TEMPLATE) -> Path:
    (path / "prompts").mkdir(exist_ok=True)
    raw = text.encode() if isinstance(text, str) else text
    (path / "plain.yaml").write_bytes(raw)
    if template is not None:
        raw = template.encode() if isinstance(template, str) else template
        (path / "prompts" / "plain.jinja").write_bytes(raw)
    return path


def loaded(path: Path, text: str | bytes = TEXT, template: str | bytes | None = TEMPLATE) -> StoredRubric:
    (stored,) = load_rubrics(a_folder(path, text, template)).all()
    return stored


def test_a_folder_of_rubrics_is_read(tmp_path: Path) -> None:
    stored = loaded(tmp_path)
    assert stored.rubric.ref == "plain@1"
    assert stored.rubric.criteria[0].weight == 4
    assert stored.template == TEMPLATE
    assert digests(RubricStore([stored])) == {"plain@1": stored.digest}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("weight: 4", "weight: 5"),
        ("value: 1.0", "value: 0.9"),
        ('means: "Yes."', 'means: "Yes!"'),
        ("Is it right?", "Is it wrong?"),
        ("title: Plain", "title: Plainer"),
        ("version: 1", "version: 2"),
        ("needs: [response]", "needs: [response, reference]"),
    ],
)
def test_any_change_of_a_rubric_changes_its_digest(tmp_path: Path, before: str, after: str) -> None:
    assert before in TEXT
    one, other = loaded(tmp_path), loaded(tmp_path, TEXT.replace(before, after))
    assert one.digest != other.digest
    assert one.prompt_digest == other.prompt_digest


def test_a_change_of_the_template_changes_both_digests(tmp_path: Path) -> None:
    one, other = loaded(tmp_path), loaded(tmp_path, template=TEMPLATE + "Be fair.\n")
    assert one.digest != other.digest
    assert one.prompt_digest != other.prompt_digest


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("title: Plain\n", "title: 'Plain'  # a comment\n\n"),
        ("modes: [text]", "modes:\n  - text"),
        ("value: 0.0", "value: 0"),
        ("criteria:", "aggregate: weighted_mean\ncriteria:"),  # the default, said aloud
        ("needs: [response]", "needs: {text: [response], image: [response]}"),
    ],
)
def test_the_way_a_rubric_is_written_does_not_change_its_digest(
    tmp_path: Path, before: str, after: str
) -> None:
    assert before in TEXT
    assert loaded(tmp_path).digest == loaded(tmp_path, TEXT.replace(before, after)).digest


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (TEXT.replace("weight: 4", "weight: -4"), r"criteria\.0\.weight: Input should be greater than 0"),
        (TEXT.replace("title: Plain", "tittle: Plain"), "title: Field required"),
        (TEXT + "model: judge-7b\n", "model: Extra inputs"),
        (TEXT.replace("label: 1", "label: yes"), "valid integer"),
        (TEXT.replace("weight: 4", "weight: 4\n    weight: 5"), "a key is given twice"),
        (TEXT + "id: plain\n", "a key is given twice"),
        (TEXT.replace("[response]", "&n [response]") + "x: *n\n", "aliases are not allowed"),
        (TEXT + "about: " + "[" * 3000, "nested deeper than 20"),
        (TEXT + "x: !!python/object/apply:os.system [ls]\n", "could not determine a constructor"),
        (TEXT + "---\n" + TEXT, "expected a single document"),
        (TEXT + "\t- x", "plain.yaml"),
        (TEXT + "# " + "x" * MAX_BYTES, f"at most {MAX_BYTES} bytes"),
        (TEXT.encode() + b"# \xff\xfe", "plain.yaml"),
        (TEXT.replace("label: 1", f"label: {2**60}"), "plain.yaml"),
        ("", "rubric: Input should be a valid dictionary"),
        ("- a", "rubric: Input should be a valid dictionary"),
        (b"", "rubric: Input should be"),
    ],
)
def test_with_one_bad_file_the_service_does_not_start(tmp_path: Path, text: str | bytes, told: str) -> None:
    with pytest.raises(ConfigurationError, match=r"rubric file plain\.yaml: ") as error:
        loaded(tmp_path, text)
    assert error.match(told)


def test_an_alias_bomb_is_refused_before_it_is_walked() -> None:
    bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
    )
    with pytest.raises(ValueError, match="aliases"):
        parse_yaml(bomb.encode())


def test_keys_are_compared_at_every_depth_and_keys_that_cannot_be_are_refused() -> None:
    assert parse_yaml(b"a: {b: 1, c: {b: 2}}") == {"a": {"b": 1, "c": {"b": 2}}}
    for text in (b"a: {b: 1, b: 1}", b"- {a: 1, 'a': 2}", b"? [a]\n: 1\n"):
        with pytest.raises(YAMLError):
            parse_yaml(text)


@pytest.mark.parametrize("template", [None, b"\xff\xfe"])
def test_a_template_that_cannot_be_read_is_named(tmp_path: Path, template: bytes | None) -> None:
    with pytest.raises(ConfigurationError, match=r"'plain@1': cannot read its template prompts/plain\.jinja"):
        loaded(tmp_path, template=template)


def test_a_folder_without_rubrics_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no rubric"):
        load_rubrics(tmp_path)
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(ConfigurationError, match=r"folder\.yaml"):
        load_rubrics(tmp_path)


def test_the_same_version_twice_is_a_mistake(tmp_path: Path) -> None:
    (a_folder(tmp_path) / "again.yaml").write_text(TEXT)
    with pytest.raises(ConfigurationError, match="'plain@1' is defined twice"):
        load_rubrics(tmp_path)


def a_store(*versions: int) -> RubricStore:
    return RubricStore(a_stored_rubric(a_rubric(version=version)) for version in versions)


def test_the_latest_version_answers_to_the_bare_name() -> None:
    store = a_store(2, 10, 9)
    assert len(store) == 3
    assert store.get("plain").rubric.version == 10
    assert store.get("plain@2").rubric.version == 2
    assert [stored.rubric.version for stored in store.all()] == [2, 9, 10]


@pytest.mark.parametrize(
    "version", ["", "3", "0", "-1", "01", "+1", " 1", "1.0", "x", "\u0661", "1@1", "9" * 5000]
)
def test_a_version_there_is_not_is_told_with_those_there_are(version: str) -> None:
    with pytest.raises(RubricNotFound, match=r"known: 1, 123456789\)"):
        a_store(1, 123456789).get(f"plain@{version}")
    with pytest.raises(RubricNotFound):
        a_store(1, 123456789).get("plain@1234567890")


def test_a_rubric_there_is_not_is_told_with_those_there_are() -> None:
    with pytest.raises(RubricNotFound, match=r"no rubric 'x+' \(known: plain\)") as error:
        a_store(1).get("x" * 5000)
    assert len(str(error.value)) < 200


def test_a_list_whose_items_are_at_fault_is_not_told_to_be_empty(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="less than or equal to 1") as caught:
        load_rubrics(a_folder(tmp_path, TEXT.replace("value: 1.0", "value: 1.5")))
    assert "at least" not in str(caught.value)
