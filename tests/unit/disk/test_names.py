"""Names of environments."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.disk.names import check_free, check_name, suggest_name
from modelarts_nb.errors import InvalidName, NameTaken

VALID = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True).filter(
    lambda name: name.lower() != "base"
)


@given(VALID)
def test_every_name_of_the_grammar_is_accepted(name: str) -> None:
    assert check_name(name) == name


@given(st.text(max_size=80))
def test_whatever_is_accepted_is_one_safe_path_component(name: str) -> None:
    try:
        check_name(name)
    except InvalidName:
        return
    assert re.fullmatch(r"[\x21-\x7e]{1,64}", name)
    assert "/" not in name
    assert not name.startswith((".", "-"))


@pytest.mark.parametrize(
    "name",
    ["", "base", "Base", ".hidden", "-x", "a/b", "..", "a b", "名字", "a\n", "x" * 65, "a\x00"],
)
def test_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        check_name(name)


def test_longest_name_is_accepted() -> None:
    assert check_name("x" * 64) == "x" * 64


@given(VALID)
def test_taken_ignores_case(name: str) -> None:
    with pytest.raises(NameTaken):
        check_free(name, [name.swapcase()])


def test_free_name_is_returned() -> None:
    assert check_free("mine", ["yours", "mine2"]) == "mine"


@given(st.text(max_size=100), st.lists(VALID, max_size=5))
def test_a_suggestion_is_always_valid_and_free(wanted: str, taken: list[str]) -> None:
    suggestion = suggest_name(wanted, taken)
    assert check_free(suggestion, taken) == suggestion


def test_suggestion_counts_up() -> None:
    assert suggest_name("PyTorch 1.8", ["pytorch-1.8", "PyTorch-1.8-2"]) == "pytorch-1.8-3"
