"""What voters decide on, as one number that anyone can compute from the public definition."""

import hashlib

import rfc8785

from civic.voting.model.election import Election


def digest_of(election: Election) -> bytes:
    """Return the SHA-256 of title, contests and ballot styles: 32 bytes.

    It is taken over the canonical JSON (RFC 8785) of an object with the members ``contests``,
    ``styles`` and ``title`` as the APIs show them, leaving out everything that is null. Window,
    time zone and state are not part of it: they change without the ballot changing.
    """
    decided = election.model_dump(
        mode="json", include={"contests", "styles", "title"}, exclude_none=True
    )
    return hashlib.sha256(rfc8785.dumps(decided)).digest()
