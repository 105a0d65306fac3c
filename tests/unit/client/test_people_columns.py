"""The columns of a table of people follow from the fields of a registration."""

from collections.abc import Iterator
from typing import Any

from civic.client.people_columns import COLUMNS, HEADINGS, Kind, payload_of, plain, row_of
from civic.identity.model.registration import Registration

SCHEMA = Registration.model_json_schema()
KINDS = {"string": Kind.TEXT, "boolean": Kind.TRUTH, "array": Kind.LIST}


def leaves(schema: Any, *path: str, required: bool = True) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each field, the kinds its type allows, and whether it is required."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    for name, field in schema.get("properties", {}).items():
        needed = required and name in schema.get("required", ())
        yield from leaves(field, *path, name, required=needed)
    if path == ("evidence",):
        return
    if "properties" not in schema:
        types = {one.get("type") for one in schema.get("anyOf", [schema])} - {"null"}
        yield path, {KINDS[one] for one in types}, required


def test_every_field_has_a_column_of_its_kind_but_for_evidence() -> None:
    columns = [(column.path, {column.kind}, column.required) for column in COLUMNS]
    # Evidence is made for one person and one day; a table has none.
    assert columns == [one for one in leaves(SCHEMA) if one[0][0] != "evidence"]


def test_every_column_has_a_heading_of_its_own() -> None:
    assert {plain(column.name): column for column in COLUMNS}.items() <= HEADINGS.items()
    assert HEADINGS["city"] is HEADINGS["address_city"]


def test_row_becomes_the_payload_that_it_was_made_of() -> None:
    cells = {column: "yes" if column.kind is Kind.TRUTH else "a|b" for column in COLUMNS}
    payload = payload_of(cells)
    listed = payload["address"]["lines"]
    assert listed == ["a", "b"]
    assert payload["citizenship_attestation"] is True
    payload["username"] = payload["address"]["city"] = "a"
    assert payload_of({HEADINGS[name]: cell for name, cell in row_of(payload).items()}) == payload
