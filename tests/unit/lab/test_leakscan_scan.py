from collections.abc import Callable, Iterator
from typing import Any

import pytest

from civic.lab.leakscan import places
from civic.lab.leakscan.places import Piece, Place
from civic.lab.leakscan.scan import WITHHELD, Leak, Scanner, contents_before

MARKER = "Zqkbłä marked"
MARKERS = {"the name": MARKER}
BIG = b"harmless " * 1000 + MARKER.encode()


def place(*contents: bytes, name: str = "here", at: str = "", steady: bool = False) -> Place:
    return Place("table", name, lambda: (Piece(content, at) for content in contents), steady)


def test_look_names_the_marker_and_the_place() -> None:
    looked = Scanner(MARKERS).look(place(b"harmless", MARKER.encode(), at="row 7"))
    assert looked.leaks == {Leak("the name", "table", "here", "row 7")}
    assert str(*looked.leaks) == "the name in table here: row 7"


def test_look_does_not_repeat_the_value() -> None:
    looked = Scanner(MARKERS).look(place(BIG))
    assert MARKER not in repr(looked) + str(*looked.leaks)


@pytest.mark.parametrize("at", [MARKER, f"releases/{MARKER.upper()}", MARKER.encode().hex()])
def test_location_that_holds_a_marker_is_withheld(at: str) -> None:
    (leak,) = Scanner(MARKERS).look(place(MARKER.encode(), at=at)).leaks
    assert leak.at == WITHHELD


def test_name_of_a_place_that_holds_a_marker_is_a_leak_and_withheld() -> None:
    looked = Scanner(MARKERS).look(place(b"harmless", name=f"queue-of-{MARKER}"))
    assert looked.leaks == {Leak("the name", "table", WITHHELD)}
    assert looked.place == WITHHELD


def test_look_counts_bytes_and_different_markers() -> None:
    looked = Scanner(MARKERS | {"other": "Zqother"}).look(place(b"Zqother Zqother", BIG))
    assert (looked.size, looked.markers) == (15 + len(BIG), 2)


def test_look_tells_how_far_it_is() -> None:
    told: list[int] = []
    Scanner(MARKERS).look(place(b"12345", b"123"), told.append)
    assert told == [5, 3]


def test_same_content_is_told_at_every_place() -> None:
    scanner = Scanner(MARKERS)
    assert scanner.look(place(BIG)).leaks
    assert scanner.look(place(BIG, name="there")).leaks == {Leak("the name", "table", "there")}


def test_what_steady_places_held_before_is_passed_over() -> None:
    old = b"a file that was there"
    before = contents_before([place(old, steady=True)])
    scanner = Scanner({"old": "file that was", "new": "Zqnewmarker"}, before)
    assert not scanner.look(place(old)).leaks
    changed = scanner.look(place(old + b" Zqnewmarker"))
    assert {leak.marker for leak in changed.leaks} == {"old", "new"}


def test_what_other_places_held_before_is_looked_at() -> None:
    assert contents_before([place(BIG)]) == frozenset()


class Traces:
    """X-Ray, as far as a scan uses it."""

    def __init__(self, count: int) -> None:
        self._ids = [f"1-{number}" for number in range(count)]

    def get_paginator(self, operation: str) -> Any:
        pages: dict[str, Callable[..., Iterator[dict[str, Any]]]] = {
            "get_trace_summaries": self._summaries,
            "batch_get_traces": self._traces,
        }
        return Paginator(pages[operation])

    def _summaries(self, **_: object) -> Iterator[dict[str, Any]]:
        for trace_id in self._ids:
            yield {"TraceSummaries": [{"Id": trace_id, "Users": []}]}

    def _traces(self, TraceIds: list[str]) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's
        assert len(TraceIds) <= 5
        for trace_id in TraceIds:
            yield {"Traces": [{"Segments": [{"Document": f'{{"of": "{trace_id} {MARKER}"}}'}]}]}


class Paginator:
    def __init__(self, pages: Callable[..., Iterator[dict[str, Any]]]) -> None:
        self.paginate = pages


def test_segments_of_every_trace_are_read() -> None:
    found = b"".join(piece.content for piece in places._segments(Traces(12)))
    assert all(f"1-{number} {MARKER}".encode() in found for number in range(12))
