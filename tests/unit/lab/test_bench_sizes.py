import base64

import pytest

from civic.lab.bench.sizes import item_bytes, read_units, write_units


def binary(length: int) -> dict[str, str]:
    return {"B": base64.b64encode(bytes(length)).decode()}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({}, 0),
        ({"id": {"S": "abc"}}, 2 + 3),
        ({"né": {"S": "東京"}}, 3 + 6),
        ({"w": binary(32)}, 1 + 32),
        ({"n": {"N": "1"}}, 1 + 2),
        ({"n": {"N": "100"}}, 1 + 2),
        ({"n": {"N": "1234"}}, 1 + 3),
        ({"n": {"N": "-12345"}}, 1 + 5),
        ({"n": {"N": "0.00123"}}, 1 + 3),
        ({"yes": {"BOOL": True}}, 3 + 1),
        ({"no": {"NULL": True}}, 2 + 1),
        ({"l": {"L": []}}, 1 + 3),
        ({"l": {"L": [{"S": "ab"}, {"S": "c"}]}}, 1 + 3 + (1 + 2) + (1 + 1)),
        ({"m": {"M": {"k": {"S": "ab"}}}}, 1 + 3 + 1 + (1 + 2)),
        ({"s": {"SS": ["ab", "c"]}}, 1 + 2 + 1),
    ],
)
def test_item_counts_names_and_values(item: dict[str, dict[str, object]], expected: int) -> None:
    assert item_bytes(item) == expected


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [(0, 0, 1), (0, 1, 1), (0, 1024, 1), (0, 1025, 2), (3000, 10, 3), (0, 2048, 2), (0, 2049, 3)],
)
def test_write_takes_a_unit_per_started_kilobyte_of_the_larger_image(
    before: int, after: int, units: int
) -> None:
    assert write_units(before, after) == units


@pytest.mark.parametrize(
    ("size", "consistent", "units"),
    [(0, True, 1), (0, False, 0.5), (4096, True, 1), (4097, True, 2), (4097, False, 1)],
)
def test_read_takes_a_unit_per_started_four_kilobytes_and_half_if_eventual(
    size: int, *, consistent: bool, units: float
) -> None:
    assert read_units(size, consistent=consistent) == units
