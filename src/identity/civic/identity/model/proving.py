"""What a proof of identity means for a registration: for whose data, and for how long."""

from dataclasses import dataclass

from civic.identity.model.age import birth_days
from civic.identity.model.likeness import LikenessKey
from civic.identity.model.proof import ProofLevel, Proven
from civic.identity.model.registration import Registration
from civic.identity.model.rows import Proof
from civic.identity.model.spellings import name_words

NAME, BIRTH = "full_name", "date_of_birth"
"""The fields that a proof is about."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of the evidence of a registration."""

    proven: Proven | None = None
    refused: bool = False
    """Whether there is evidence, and it does not verify."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How well it is proven who the person of a registration is."""

    level: ProofLevel = ProofLevel.NONE
    contradicts: tuple[str, ...] = ()
    """The fields that differ from what the evidence proves."""
    refused: bool = False
    given: bool = False
    """Whether there is a proof, of whatever level."""


NO_EVIDENCE = Examined()
UNPROVEN = Standing()


def contradictions(proven: Proven, registration: Registration) -> tuple[str, ...]:
    """Return the fields that are not as they were proven, in whatever spelling.

    A birth date that is known in part must include the one that was proven.
    """
    found = []
    if proven.full_name is not None:
        same = name_words(proven.full_name) == name_words(registration.full_name)
        found += [] if same else [NAME]
    if proven.birth_date is not None:
        first, last = birth_days(registration.date_of_birth)
        found += [] if first <= proven.birth_date <= last else [BIRTH]
    return tuple(found)


def kept_proof(
    examined: Examined, registration: Registration, likeness: LikenessKey, known: Proof | None
) -> Proof | None:
    """Return the proof to keep: the new one, unless a better one of the same person is known."""
    proven = examined.proven
    if proven is None or proven.level is ProofLevel.NONE or contradictions(proven, registration):
        return known
    new = Proof(proven.method, proven.level, proven.issuer, proven.day, likeness)
    better = known is not None and known.likeness == likeness and known.level > new.level
    return known if better else new


def standing(
    examined: Examined, registration: Registration, likeness: LikenessKey, kept: Proof | None
) -> Standing:
    """Return how well it is proven who the person is, by what is kept and what came now."""
    counts = kept is not None and kept.likeness == likeness
    level = kept.level if kept is not None and counts else ProofLevel.NONE
    proven = examined.proven
    contradicting = () if proven is None else contradictions(proven, registration)
    if proven is not None and contradicting:
        # People decide whether it is the same person, and need not ask for a better proof.
        level = max(level, proven.level)
    return Standing(level, contradicting, examined.refused, counts or proven is not None)
