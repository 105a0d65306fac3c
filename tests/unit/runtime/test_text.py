"""What a text may contain: against Unicode's own tables, and the API's pattern against the code."""

import re
import sys
import unicodedata

import pytest
import regex  # type: ignore[import-untyped]
from pydantic_core import PydanticCustomError

from civic.contracts.text import NUMBER_PATTERN, PLAIN_TEXT_PATTERN, number, plain_text, trimmed

SURROGATES = range(0xD800, 0xE000)
CHARACTERS = [chr(code) for code in range(sys.maxunicode + 1) if code not in SURROGATES]
IGNORABLE = regex.compile(r"\p{Default_Ignorable_Code_Point}")
NONCHARACTER = regex.compile(r"\p{Noncharacter_Code_Point}")
JOINERS = "\u200c\u200d"
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
BLANKS = "\u2800\ufff9\ufffa\ufffb\ufffc\U0001d159"
HAN, MONGOLIAN, MYANMAR = "\u845b", "\u1820", "\u1000"


def refusal(value: str) -> str | None:
    """Return the character for which a text is refused, or else why; None if it is taken."""
    try:
        plain_text(value)
    except PydanticCustomError as error:
        return str((error.context or {}).get("character", error.type))
    return None


def is_number(value: str) -> bool:
    try:
        return bool(number(value))
    except PydanticCustomError:
        return False


def hides(character: str) -> bool:
    """Return whether Unicode says that a character is not seen where a text has it inside."""
    return (
        unicodedata.category(character) in {"Cc", "Co", "Zl", "Zp"}
        or bool(IGNORABLE.match(character))
        or bool(NONCHARACTER.match(character))
        or character in BIDI
        or character in BLANKS
    )


def test_characters_are_refused_that_unicode_says_are_not_seen() -> None:
    differing = [
        hex(ord(one))
        for one in CHARACTERS
        if one not in JOINERS and (refusal(f"a{one}b") is not None) != hides(one)
    ]
    assert differing == []


def test_every_refused_character_is_named_by_its_code_point() -> None:
    refused = [one for one in CHARACTERS if one not in JOINERS and hides(one)]
    assert len(refused) > 130_000
    assert all(refusal(f"a{one}b") == f"U+{ord(one):04X}" for one in refused)


@pytest.mark.parametrize("frame", ["{}", "a{}b", "a{}", "{}a", HAN + "{}b", HAN + "{}", " {} "])
def test_pattern_lets_the_same_characters_through(frame: str) -> None:
    pattern = re.compile(PLAIN_TEXT_PATTERN)
    # What the planes of private use have in common is shown by the frames that are drawn in full.
    characters = CHARACTERS if frame in {"{}", "a{}b"} else CHARACTERS[:0x20000]
    differing = [
        hex(ord(one))
        for one in characters
        for text in [frame.format(one)]
        if (refusal(text) is None) != bool(pattern.fullmatch(text))
    ]
    assert differing == []


@pytest.mark.parametrize("frame", ["{}", "1{}2", "{}2", HAN + "{}"])
def test_pattern_of_numbers_lets_the_same_characters_through(frame: str) -> None:
    pattern = re.compile(NUMBER_PATTERN)
    differing = [
        hex(ord(one))
        for one in CHARACTERS[:0x20000]
        for text in [frame.format(one)]
        if is_number(text) != bool(pattern.fullmatch(text))
    ]
    assert differing == []


@pytest.mark.parametrize(
    "text",
    [
        " a",
        "a ",
        "a b",
        "\u00a0a",
        "  ",
        "\u3000",
        "",
        "a\u202eb",
        "a\n",
        "a\u200cb",
        "\u202a a \u202c",
        "\u202a\u202c",
        "\u200c \u200d",
        f"{HAN}\ufe00",
        f"{HAN}\ufe00\ufe0f",
        f"{HAN}\ufe00\ufe0fa",
        f"{HAN}\U000e0100\u200d",
        f"\u200d{HAN}\U000e0100 ",
        f"a {HAN}\U000e0100 {HAN}",
        f"\ufe0f{HAN}",
        "a\ufe0fb",
        "1\ufe0f",
    ],
)
def test_pattern_says_the_same_of_ends_joiners_and_selectors(text: str) -> None:
    assert (refusal(text) is None) == bool(re.fullmatch(PLAIN_TEXT_PATTERN, text)), ascii(text)


@pytest.mark.parametrize("mark", [*BIDI, "\ufe0e", "\ufe0f", "\U000e0100", "\u180b"])
def test_marks_that_come_with_pasted_text_go_from_its_ends(mark: str) -> None:
    assert plain_text(f"{mark} Mara Sol {mark}{mark}") == "Mara Sol"
    assert number(f"{mark}+1 916 {mark}445 2841{mark}") == "+1 916 445 2841"
    assert refusal(f"Mara{mark} Sol") == f"U+{ord(mark):04X}"


@pytest.mark.parametrize(
    "name",
    [
        "می\u200cخواهم",  # noqa: RUF001 - it is meant
        "ක්\u200dෂ",
        "र्\u200dय",
        f"{HAN}\U000e0100",
        f"{HAN}\U000e0100城",
        f"{HAN}\ufe00",
        f"{MONGOLIAN}\u180b",
        f"{MYANMAR}\ufe00",
        "O\u2019Brien-Smith Jr.",
        "Kamaka\u02bbeha Keali\u02bbi",
        "X",
        "\u0600\u0661",
        "e\u0301",
    ],
)
def test_joiners_and_variants_of_letters_are_kept(name: str) -> None:
    assert plain_text(name) == name == trimmed(name)


@pytest.mark.parametrize(
    "text",
    [
        "\u200b",
        "\u2060",
        "\ufeff",
        "\u00ad",
        "\u3164",
        "\u115f\u1160",
        "\uffa0",
        "\u2800",
        "\u180e",
    ],
)
def test_text_of_nothing_but_what_is_not_seen_is_refused_by_its_code_point(text: str) -> None:
    assert refusal(text) == f"U+{ord(text[0]):04X}"


@pytest.mark.parametrize("text", ["", " ", "\u200c", "\u200d", "\ufe0f", "\u200e", "\u3000\u200d "])
def test_text_with_nothing_to_see_is_blank(text: str) -> None:
    assert refusal(text) == "blank"


@pytest.mark.parametrize(
    "text",
    ["a\U000e0041", "a\ufff9b\ufffa", "a\u2061b", "a\u206ab", "a\u206fb", "a\ufdd0", "a\uffff"],
)
def test_text_that_hides_another_is_refused(text: str) -> None:
    assert (refusal(text) or "").startswith("U+")


def test_lone_surrogate_is_refused() -> None:
    assert refusal("a\ud800") == "U+D800"


def test_first_refused_character_is_the_one_named() -> None:
    assert refusal("Mara\u200b Sol\u2060") == "U+200B"
