import os
import random
import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from civic.lab.leakscan.encodings import LEAST_BYTES, forms, views
from civic.lab.leakscan.matcher import Matcher
from tests.strategies.leaks import WRITERS

MARKER = "Zqkbłä 𠮷O'x-7fQ+/?"
OTHER = "Zqkbłä 𠮷O'y-7fQ+/?"
SEARCH = settings(max_examples=800 if os.environ.get("CIVIC_DEEP") else 20, deadline=None)
BOTH = Matcher({"name": MARKER, "other": OTHER})

LETTERS = st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co"))
MARKERS = st.text(LETTERS, min_size=LEAST_BYTES, max_size=40)
# Without characters that would extend an escape, which a writer has to separate.
AROUND = st.binary(max_size=40).filter(lambda around: not set(around) & set(b"\\%"))


@pytest.mark.parametrize("way", WRITERS)
@SEARCH
@given(before=AROUND, after=AROUND)
@example(before=b"", after=b"")
def test_matcher_finds_a_marker_between_any_bytes(way: str, before: bytes, after: bytes) -> None:
    content = WRITERS[way](MARKER, before, after)
    assert BOTH.find(content) == {"name"}


SAFE_FOR_ANY_TEXT = [way for way in WRITERS if "capitals" not in way and "letters" not in way]


@pytest.mark.parametrize("way", SAFE_FOR_ANY_TEXT)
@SEARCH
@given(marker=MARKERS, before=st.integers(0, 17), after=st.integers(0, 17))
def test_matcher_finds_any_marker_at_any_offset(
    way: str, marker: str, before: int, after: int
) -> None:
    content = WRITERS[way](marker, b"\0" * before, b"\0" * after)
    assert Matcher({"name": marker}).find(content) == {"name"}


@pytest.mark.parametrize("length", range(LEAST_BYTES, 40))
def test_matcher_finds_a_marker_of_any_length_wherever_it_begins(length: int) -> None:
    marker = (string.ascii_letters + string.digits)[:length]
    matcher = Matcher({"name": marker})
    for way in ("as it is", "in hex", "in base64"):
        for offset in range(17):
            content = WRITERS[way](marker, b"\0" * offset, b"")
            assert matcher.find(content) == {"name"}, (way, offset)


def test_matcher_finds_a_marker_far_into_a_big_content() -> None:
    filler = random.Random(1).randbytes(3_000_001)
    matcher = Matcher({"name": MARKER})
    assert matcher.find(filler) == set()
    assert matcher.find(filler + MARKER.encode() + filler) == {"name"}


def test_matcher_finds_nothing_in_random_bytes() -> None:
    draw = random.Random(2)
    words = {str(n): "Zq" + "".join(draw.choices("bcdfghjk", k=9)) for n in range(200)}
    dates = {f"date {n}": f"19{n}-03-17" for n in range(30, 90)}
    matcher = Matcher(words | dates)
    for alphabet in (bytes(range(256)), string.printable.encode(), b"0123456789abcdef-:T."):
        assert matcher.find(bytes(draw.choices(alphabet, k=1_000_000))) == set()


@given(content=st.binary(max_size=200))
def test_matcher_finds_nothing_in_what_does_not_hold_it(content: bytes) -> None:
    assert Matcher({"name": MARKER}).find(content) == set()


@pytest.mark.parametrize("way", WRITERS)
def test_matcher_tells_a_marker_from_one_like_it(way: str) -> None:
    content = WRITERS[way](OTHER, b"before ", b" after")
    assert Matcher({"name": MARKER}).find(content) == set()


def test_matcher_finds_several_markers_at_once() -> None:
    content = MARKER.encode() + b" and " + OTHER.encode().hex().encode()
    assert Matcher({"one": MARKER, "two": OTHER, "three": "elsewhere"}).find(content) == {
        "one",
        "two",
    }


def test_marker_normalised_to_other_code_points_is_found() -> None:
    matcher = Matcher({"name": "Zqkb Näöü"})
    assert matcher.find("Zqkb Na\u0308o\u0308u\u0308".encode()) == {"name"}


@pytest.mark.parametrize("marker", ["", "1234", "ä" * 3])
def test_marker_too_short_to_be_told_from_chance_is_refused(marker: str) -> None:
    with pytest.raises(ValueError, match="bytes"):
        forms(marker)


def test_views_of_a_content_without_escapes_are_the_content() -> None:
    assert list(views(b"nothing to undo")) == [b"nothing to undo"]


@pytest.mark.parametrize("content", [rb"\ud842", rb"\udfb7\ud842", rb"\Uffffffff", rb"%zz\q"])
def test_views_of_broken_escapes_are_no_error(content: bytes) -> None:
    assert content in views(content)


def test_views_of_a_line_without_escapes_leave_it_out() -> None:
    assert list(views(b"a plain line\nan escaped %41 line")) == [
        b"a plain line\nan escaped %41 line",
        b"an escaped A line",
    ]
