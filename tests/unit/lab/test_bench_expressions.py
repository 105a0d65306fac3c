import pytest

from civic.lab.bench.expressions import (
    Placeholders,
    UnsupportedExpression,
    holds,
    projected,
    updated,
)

ROW = {"id": {"S": "a"}, "revision": {"N": "9"}, "status": {"S": "pending"}}
VALUES = Placeholders(
    {"#status": "status"},
    {":r": {"N": "10"}, ":nine": {"N": "9.0"}, ":pending": {"S": "pending"}, ":text": {"S": "9"}},
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("attribute_exists(id)", True),
        ("attribute_not_exists(id)", False),
        ("revision < :r", True),
        ("revision = :nine", True),
        ("revision = :text", False),
        ("missing < :r", False),
        ("NOT attribute_exists(missing)", True),
        ("attribute_not_exists(id) OR (attribute_not_exists(gone) AND revision < :r)", True),
        ("attribute_not_exists(id) OR attribute_exists(gone) AND revision < :r", False),
        ("(revision = :r) OR (revision = :nine AND #status = :pending)", True),
    ],
)
def test_condition_is_judged_as_dynamodb_would(condition: str, *, expected: bool) -> None:
    assert holds(condition, ROW, VALUES) is expected


def test_no_condition_holds() -> None:
    assert holds(None, {}, VALUES)


@pytest.mark.parametrize(
    "condition",
    ["size(id) < :r", "revision BETWEEN :r AND :r", "revision <", "id ~ :r", "(id = :r"],
)
def test_what_is_not_known_is_refused(condition: str) -> None:
    with pytest.raises(UnsupportedExpression):
        holds(condition, ROW, VALUES)


def test_update_sets_attributes() -> None:
    changed = updated("SET revision = :r, #status = :text", ROW, VALUES)

    assert changed == ROW | {"revision": {"N": "10"}, "status": {"S": "9"}}


@pytest.mark.parametrize("update", ["REMOVE revision", "SET revision = revision + :r", "SET a ="])
def test_other_updates_are_refused(update: str) -> None:
    with pytest.raises(UnsupportedExpression):
        updated(update, ROW, VALUES)


def test_projection_keeps_what_it_names_and_is_there() -> None:
    assert projected("id, #status, missing", ROW, VALUES) == {
        "id": {"S": "a"},
        "status": {"S": "pending"},
    }
