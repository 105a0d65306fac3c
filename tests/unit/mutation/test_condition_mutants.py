"""Mutants of DynamoDB conditions: every clause, every junction, and no form ignored."""

import pytest

from tests.mutation.conditions import NotUnderstood, is_condition, mutate_condition

LATER = "attribute_not_exists(id) OR (attribute_not_exists(erased_at) AND revision < :r)"


@pytest.mark.parametrize(
    "text",
    [
        LATER,
        "id = :id",
        "w = :old",
        "(#decision = :rejected AND updated < :before)",
        "begins_with(entry, :open) AND due < :now",
        "\0000\000 OR (revision = :r AND #status = :pending)",
        "attribute_exists(dr) AND dr = sr",
        " AND begins_with(entry, :prefix)",
    ],
)
def test_condition_is_recognised(text: str) -> None:
    assert is_condition(text)


@pytest.mark.parametrize(
    "text",
    ["", "erased_at", "SET wk = :wk, w = :w", "id, revision", "invocation", "/registrations"],
)
def test_other_text_is_no_condition(text: str) -> None:
    assert not is_condition(text)


def test_every_clause_holds_always_and_never() -> None:
    mutants = dict(mutate_condition(LATER))
    for clause in ("attribute_not_exists(id)", "attribute_not_exists(erased_at)", "revision < :r"):
        assert mutants[f"always holds: {clause}"].count(f"{clause} OR NOT {clause}") == 1
        assert mutants[f"never holds: {clause}"].count(f"{clause} AND NOT {clause}") == 1


def test_comparison_gets_its_boundary_and_its_opposite() -> None:
    mutants = dict(mutate_condition("revision < :r"))
    assert mutants["<= instead: revision < :r"] == "revision <= :r"
    assert mutants["> instead: revision < :r"] == "revision > :r"
    assert dict(mutate_condition("w = :old"))["<> instead: w = :old"] == "w <> :old"


def test_junctions_are_swapped_one_by_one() -> None:
    mutants = dict(mutate_condition(LATER))
    assert mutants["AND before: attribute_not_exists(erased_at)"] == LATER.replace(" OR ", " AND ")
    assert mutants["OR before: revision < :r"] == LATER.replace(" AND ", " OR ")


def test_existence_is_turned_round() -> None:
    mutants = dict(mutate_condition("attribute_exists(dr) AND attribute_not_exists(x)"))
    assert mutants["turned round: attribute_exists(dr)"].startswith("attribute_not_exists(dr)")
    assert mutants["turned round: attribute_not_exists(x)"].endswith("attribute_exists(x)")


def test_function_with_a_value_is_a_clause() -> None:
    mutants = dict(mutate_condition("begins_with(entry, :open) AND due < :now"))
    assert "always holds: begins_with(entry, :open)" in mutants


def test_inserted_condition_keeps_its_own_junctions_to_itself() -> None:
    mutants = dict(mutate_condition("\0000\000 AND restriction = :n"))
    assert mutants["never holds: \0000\000"].startswith("((\0000\000) AND NOT (\0000\000)) AND")


def test_condition_of_an_unknown_form_is_not_passed_over() -> None:
    with pytest.raises(NotUnderstood):
        list(mutate_condition("attribute_exists(id) AND revision IN (:a, :b)"))
