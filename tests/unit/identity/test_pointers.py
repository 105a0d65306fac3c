"""The values of a document under their JSON Pointers."""

from civic.identity.model.pointers import leaves


def test_leaves_are_every_value_in_order_under_its_pointer() -> None:
    document = {"name": "Ada", "address": {"lines": ["one", "two"], "city": "Berlin"}}
    assert list(leaves(document)) == [
        ("/name", "Ada"),
        ("/address/lines/0", "one"),
        ("/address/lines/1", "two"),
        ("/address/city", "Berlin"),
    ]


def test_leaves_that_are_no_strings_are_written_as_json_writes_them() -> None:
    assert list(leaves([True, False, None, 1, 1.5])) == [
        ("/0", "true"),
        ("/1", "false"),
        ("/2", "null"),
        ("/3", "1"),
        ("/4", "1.5"),
    ]


def test_leaves_of_a_string_are_itself() -> None:
    assert list(leaves('"quoted"')) == [("", '"quoted"')]
