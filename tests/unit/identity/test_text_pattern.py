"""The pattern in the API's description agrees with the code for every character."""

import re
import sys
from typing import Any

from pydantic_core import PydanticCustomError

from civic.identity.model.registration import Registration
from civic.identity.model.text import PLAIN_TEXT_PATTERN, plain_text

SURROGATES = range(0xD800, 0xE000)
CHARACTERS = [chr(code) for code in range(sys.maxunicode + 1) if code not in SURROGATES]
PATTERN = re.compile(PLAIN_TEXT_PATTERN)


def is_plain(value: str) -> bool:
    try:
        plain_text(value)
    except PydanticCustomError:
        return False
    return True


def test_pattern_lets_the_same_characters_through() -> None:
    differing = [hex(ord(one)) for one in CHARACTERS if is_plain(one) != bool(PATTERN.match(one))]
    assert differing == []


def test_pattern_lets_spaces_stand_between_letters_but_not_alone() -> None:
    for value in (" a", "a ", "a b", "\u00a0a", "  ", "\u3000", "", "a\u202eb", "a\n", "a\u200cb"):
        assert is_plain(value) == bool(PATTERN.fullmatch(value)), ascii(value)


def test_description_of_a_registration_holds_the_patterns() -> None:
    schema = Registration.model_json_schema()
    found: dict[str, Any] = schema["properties"] | schema["$defs"]["Address"]["properties"]
    texts = [found[name] for name in ("username", "full_name", "phone_number", "city")]
    texts += [found[name]["anyOf"][0] for name in ("email", "national_id", "region", "postcode")]
    texts += [found["lines"]["items"]]
    assert {text["pattern"] for text in texts} == {PLAIN_TEXT_PATTERN}
    assert "pattern" in schema["$defs"]["Consent"]["properties"]["given_at"]
