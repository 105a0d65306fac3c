"""Makes codes and registers them before anybody sees them, so every printed code can vote."""

from collections.abc import Callable, Iterator, Sequence
from itertools import batched
from typing import Protocol

from civic.contracts import base64url
from civic.contracts.identifiers import ElectionId, StyleId
from civic.terminal.failures import CommandFailed
from civic.voting.model.codes import PostedCode, hash_of, new_code

CODES_PER_CALL = 500


class CodeOffice(Protocol):
    """Registers the hashes of codes."""

    def add_codes(self, election: str, style: str, hashes: list[str]) -> int:
        """Let the holders of these codes vote on a ballot style.

        Args:
            election: The election's id.
            style: The ballot style's id.
            hashes: The hashes, in base64url without padding.

        Returns:
            How many of them are stored.
        """
        ...


def make_codes(count: int, entropy: Callable[[int], bytes]) -> list[PostedCode]:
    """Return this many codes, all different."""
    made: dict[PostedCode, None] = {}
    while len(made) < count:
        made[new_code(entropy)] = None
    return list(made)


def store_codes(
    office: CodeOffice,
    election: ElectionId,
    style: StyleId,
    codes: Sequence[PostedCode],
    key: bytes,
) -> Iterator[int]:
    """Register codes by their hashes alone.

    Args:
        office: The elections stack.
        election: The election in which each code is good for one ballot.
        style: The ballot style that their holders get.
        codes: The codes in clear; they do not leave this process.
        key: The codes key of the election.

    Yields:
        After each call, how many of the codes are stored so far.

    Raises:
        CommandFailed: Not all of them were stored.
    """
    stored = 0
    for batch in batched(codes, CODES_PER_CALL, strict=False):
        hashes = [base64url.encode(hash_of(code, key)) for code in batch]
        if office.add_codes(election, style, hashes) != len(batch):
            raise CommandFailed(
                "the elections stack did not store all codes, so none is printed; run this again"
            )
        stored += len(batch)
        yield stored
