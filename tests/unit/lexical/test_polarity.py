"""Sentences of the same words may say opposite things."""

import pytest

from judge_service.lexical import entailment
from judge_service.lexical.polarity import opposed

OPPOSED = [
    ("Do not take it with food.", "Take it with food."),
    ("It should not be taken with food.", "It should be taken with food."),
    ("Never drive after taking it.", "You may drive after taking it."),
    ("Do not stop the tablets.", "Stop the tablets."),
    ("Take it with food.", "Do not take it with food."),
    ("You mustn't drink alcohol with it.", "You may drink alcohol with it."),
]
ALIKE = [
    ("Do not take it without food.", "Take it with food."),
    ("Take it with food. Do not take it on an empty stomach.", "Take it with food."),
    ("Yes, take it with food.", "It can be taken with food."),
    ("You should not drive today.", "You should not drive."),
    ("Drink water and do not smoke.", "Drink water."),
]


@pytest.mark.parametrize(("response", "claim"), OPPOSED)
def test_the_same_verb_denied_once_is_the_opposite(response: str, claim: str) -> None:
    assert opposed(response.strip(".").split(), claim.strip(".").split())
    relation, read = entailment(response, claim)
    assert relation == "contradicted"
    assert read.value == 0.0
    assert read.flags != ()


@pytest.mark.parametrize(("response", "claim"), ALIKE)
def test_denials_that_turn_nothing_are_no_opposite(response: str, claim: str) -> None:
    assert not opposed(response.replace(".", "").split(), claim.strip(".").split())
    assert entailment(response, claim)[0] != "contradicted"
