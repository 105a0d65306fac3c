"""The bodies of the elections API, and the map from the domain's errors to its answers."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from civic.contracts.identifiers import StyleId
from civic.contracts.voting import Audience, ElectionIdField, StyleIdField
from civic.runtime.publisher import PublishFailed
from civic.runtime.request import FieldError, Problem
from civic.voting.errors import (
    BadDefinition,
    BallotsWaiting,
    BoxNotCounted,
    CodeTaken,
    CountDiffers,
    ElectionMoved,
    ElectionUnknown,
    NotNow,
    StoreUnavailable,
)
from civic.voting.model.election import BallotStyle, Contest, Election, OptionId, State

MAX_DRAFT_BYTES = 512 * 1024
"""The maximum size of a request; its result is checked closely (`civic.voting.model.rules`)."""

Hash = Annotated[
    bytes,
    Field(min_length=32, max_length=32),
    WithJsonSchema({"type": "string", "format": "base64url", "pattern": "^[A-Za-z0-9_-]{43}=?$"}),
]


class Body(BaseModel):
    """Base of the bodies; built when first used."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="forbid")


class ElectionSummary(Body):
    """An election in a list."""

    id: ElectionIdField
    revision: int = Field(ge=1)
    state: State
    title: str
    time_zone: str
    opens_at: datetime
    closes_at: datetime
    day: date = Field(description="The day on which voters must be old enough")
    roll_closes_at: datetime | None = Field(
        default=None, description="Whoever registers from then on cannot vote in it"
    )


class ElectionList(Body):
    """All elections, the latest opening first."""

    elections: tuple[ElectionSummary, ...]


class ElectionShown(ElectionSummary):
    """An election in its current revision."""

    contests: tuple[Contest, ...]
    styles: tuple[BallotStyle, ...]
    openings: Audience = Field(
        description="Who gets the openings of the ballots' commitments after the certification"
    )
    keys: tuple[StyleIdField, ...] = Field(
        description="The ballot styles whose credentials can already be verified"
    )
    ballots: int | None = Field(default=None, description="The certified number of ballots")
    sealed_at: datetime | None = Field(
        default=None, description="When the box was sealed, to be counted and then certified"
    )


class CandidateAdded(Body):
    """A candidate, and the revision of the election that has it."""

    contest: str
    option: OptionId
    revision: int = Field(ge=1)


class Certification(Body):
    """How many ballots are in the final count: as many as in the box, the tally and the log."""

    ballots: int = Field(ge=0, strict=True)


class Codes(Body):
    """Keyed hashes of voters' codes."""

    model_config = ConfigDict(val_json_bytes="base64")

    style: StyleIdField
    hashes: tuple[Hash, ...] = Field(min_length=1, max_length=500)


class CodesAdded(Body):
    """How many codes the request named; repeating it stores none twice."""

    stored: int = Field(ge=1)


_UNAVAILABLE = Problem(
    503,
    "temporarily_unavailable",
    "A service did not answer; repeat the request",
    headers={"retry-after": "2"},
)
_PROBLEMS: dict[type[Exception], Problem] = {
    ElectionUnknown: Problem(404, "not_found", "There is no such election"),
    ElectionMoved: Problem(
        409, "election_moved", "The election has changed in the meantime; look at it again"
    ),
    NotNow: Problem(409, "not_now", "The state of the election does not allow it"),
    BallotsWaiting: Problem(
        409, "ballots_waiting", "Ballots may still be on their way; see the queue", headers={}
    ),
    BoxNotCounted: Problem(
        409,
        "box_not_counted",
        "The box is sealed and is being counted; repeat the request in a minute",
        headers={"retry-after": "10"},
    ),
    CodeTaken: Problem(409, "code_taken", "A code belongs to another election or ballot style"),
    StoreUnavailable: _UNAVAILABLE,
    PublishFailed: _UNAVAILABLE,
}


def problem_of(error: Exception) -> Problem | None:
    """Return the answer for one of the domain's errors, None for any other."""
    if isinstance(error, BadDefinition):
        faults = tuple(FieldError(code, pointer) for code, pointer in error.faults)
        return Problem(422, "bad_definition", "The definition contradicts itself", faults)
    if isinstance(error, CountDiffers):
        differ = tuple(FieldError(f"{count}_differs", "/ballots") for count in error.counts)
        return Problem(409, "count_differs", "Not every count has that many ballots", differ)
    return _PROBLEMS.get(type(error))


def summary_of(election: Election, now: datetime) -> ElectionSummary:
    """Return an election for a list, in the state it is in now."""
    return ElectionSummary(
        id=election.id,
        revision=election.revision,
        state=election.state_at(now),
        title=election.title,
        time_zone=election.time_zone,
        opens_at=election.opens_at,
        closes_at=election.closes_at,
        day=election.election_day,
        roll_closes_at=election.roll_closes_at,
    )


def shown(election: Election, keys: tuple[StyleId, ...] = ()) -> ElectionShown:
    """Return an election for its office."""
    return ElectionShown(
        id=election.id,
        revision=election.revision,
        state=election.state,
        title=election.title,
        time_zone=election.time_zone,
        opens_at=election.opens_at,
        closes_at=election.closes_at,
        day=election.election_day,
        roll_closes_at=election.roll_closes_at,
        contests=election.contests,
        styles=election.styles,
        openings=election.openings,
        keys=keys,
        ballots=election.ballots,
        sealed_at=election.sealed_at,
    )
