"""What somebody may have meant who typed a command that is not there."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches


def near(typed: str, known: Sequence[str], renamed: Mapping[str, str]) -> list[str]:
    """Return the commands that come nearest, the likeliest first.

    Args:
        typed: One word.
        known: Every command: one word, or several where it is in a group.
        renamed: What a command was called before, and the words to say now.
    """
    if typed in renamed:
        return [renamed[typed]]
    ends: dict[str, list[str]] = {}
    for words in known:
        ends.setdefault(words.rpartition(" ")[2], []).append(words)
    if typed in ends:
        return ends[typed]
    return [words for end in get_close_matches(typed, ends) for words in ends[end]]
