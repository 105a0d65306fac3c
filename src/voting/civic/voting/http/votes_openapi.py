"""What the OpenAPI document of the vote API says besides its routes, for web sites and apps.

Nothing at run time uses this module; ``civic schemas`` writes the document and the build fails
when it is stale. The models of results and elections are here because the functions answer with
what was published, unchanged.
"""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from civic.contracts.events import Area
from civic.contracts.voting import (
    ELECTION_ID_PATTERN,
    Audience,
    ElectionIdField,
    StyleIdField,
)
from civic.runtime.openapi import RETRY_AFTER, Description, Json
from civic.voting.model.election import (
    OPTION_ID_PATTERN,
    BallotStyle,
    Contest,
    ContestId,
    State,
)
from civic.voting.model.tally import WRITE_INS

OptionOrWriteIns = f"{OPTION_ID_PATTERN}|^{WRITE_INS}$"


class Shown(BaseModel):
    """Base of the answers: exact."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OptionResult(Shown):
    """How often one option was selected."""

    id: str = Field(pattern=OptionOrWriteIns, description="write_ins: all names that voters wrote")
    text: str
    count: int = Field(ge=0)
    percentage: float = Field(ge=0, le=100, description="Of the selections in the contest")


class ContestResult(Shown):
    """The options of one contest, in their order."""

    id: ContestId
    title: str
    options: tuple[OptionResult, ...]


class StyleResult(Shown):
    """The results of one ballot style, that is, of some electoral areas."""

    id: StyleIdField
    name: str
    areas: tuple[Area, ...]
    ballots: int = Field(ge=0)
    contests: tuple[ContestResult, ...]


class CandidateResult(Shown):
    """One option, in the form of the older web site."""

    candidate: str
    count: int = Field(ge=0)
    percentage: float = Field(ge=0, le=100)


class StateResult(Shown):
    """One ballot style, in the form of the older web site."""

    state: str = Field(description="The name of the ballot style")
    total_count: int = Field(ge=0)
    results: tuple[CandidateResult, ...]
    disclaimer: str


class Results(Shown):
    """A snapshot of the results of one election."""

    success: Literal[True]
    election: ElectionIdField
    title: str
    version: int = Field(ge=1, description="Grows whenever the count or the election changes")
    state: State
    estimate: bool = Field(description="True until the election is certified")
    disclaimer: str
    ballots: int = Field(ge=0)
    contests: tuple[ContestResult, ...] = Field(description="Over all areas, or the one asked for")
    styles: tuple[StyleResult, ...]
    results: tuple[StateResult, ...]


class Offered(Shown):
    """All elections except drafts, in the order in which they open."""

    elections: tuple[ElectionIdField, ...]


class OfferedElection(Shown):
    """An election that was published, with the keys of its credentials."""

    id: ElectionIdField
    revision: int = Field(ge=1)
    state: State
    title: str
    time_zone: str = Field(description="IANA name, for showing times; times themselves are UTC")
    opens_at: AwareDatetime
    closes_at: AwareDatetime
    day: date = Field(description="The day on which voters must be old enough")
    roll_closes_at: AwareDatetime | None = Field(
        default=None, description="Whoever registers from then on cannot vote in it"
    )
    contests: tuple[Contest, ...]
    styles: tuple[BallotStyle, ...]
    openings: Audience = Field(
        description="Who gets the openings of the ballots' commitments after the certification"
    )
    keys: dict[StyleIdField, str] = Field(
        description="By ballot style, if it has its key already: SubjectPublicKeyInfo (DER, base64)"
    )


_CACHE_HEADERS = {
    "ETag": {"description": "Changes with the body", "schema": {"type": "string"}},
    "Cache-Control": {
        "description": "One second, in shared caches too",
        "schema": {"type": "string"},
    },
}


def _asked(name: str, description: str, pattern: str | None = None) -> Json:
    schema = {"type": "string"} | ({"pattern": pattern} if pattern else {})
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _given(name: str, kind: str) -> Json:
    # The other one may be present as null.
    return {"required": [name], "properties": {name: {"type": kind}}}


_WHO = {"oneOf": [_given("credential", "object"), _given("id", "string")]}
_WHAT = {"oneOf": [_given("selections", "object"), _given("candidate", "string")]}


def _cast(described: Json) -> Json:
    described["responses"]["503"]["headers"] = RETRY_AFTER
    described["requestBody"]["content"]["application/json"]["examples"] = _examples()
    return described


def _examples() -> Json:
    signed = {
        "election": "7k3m9qx2w5vb",
        "style": "north",
        "token": "dG9rZW4",
        "randomizer": "cmFuZG9t",
        "signature": "c2lnbmF0dXJl",
    }
    return {
        "credential": {
            "summary": "With a credential, contest by contest",
            "value": {
                "credential": signed,
                "selections": {"c1": ["o2"]},
                "write_ins": {"c2": ["Ada Example"]},
            },
        },
        "code": {
            "summary": "With a posted code, for a candidate of the only contest",
            "value": {"id": "163uc-3NQXD-Wgfgg", "candidate": "Ada Example"},
        },
    }


def _results(described: Json) -> Json:
    described["responses"]["200"]["content"]["text/csv"]["schema"]["description"] = (
        "One line per style, contest and option"
    )
    return _cached(described)


def _cached(described: Json) -> Json:
    found = described["responses"]
    current = found.pop("200") | {"headers": _CACHE_HEADERS}
    kept = {"description": "You have the latest version", "headers": _CACHE_HEADERS}
    return described | {"responses": {"200": current, "304": kept, **found}}


def _health(described: Json) -> Json:
    well = described["responses"]["200"]
    described["responses"]["503"] = {"description": "Some do not", "content": well["content"]}
    return described


VOTES = Description(
    title="Civic vote API",
    text="Vote, and see elections and results. Nobody signs in: a vote is admitted by a "
    "credential that nobody can link to its voter, or by a posted code, and no request is traced. "
    "Errors are problem details (RFC 9457) and never repeat what was sent; a refused vote has "
    "success and message as well.",
    tag="votes",
    meanings={
        403: "The election accepts no votes now: not_open_yet, suspended, closed",
        404: "No such election, credential or code; or a mistyped code",
        409: "Has already voted; only one vote counts",
        422: "Not a vote, or not a valid ballot; each fault named by code and JSON Pointer",
    },
    path_parameters={
        "id": {
            "name": "id",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": ELECTION_ID_PATTERN},
        }
    },
    parameters={
        "election": _asked(
            "election", "Of this election; by default the latest snapshot", ELECTION_ID_PATTERN
        ),
        "area": _asked("area", "Only the ballot style of this electoral area"),
        "option": _asked(
            "option", "Only this option; its percentage is still of the whole", OptionOrWriteIns
        ),
        "format": {
            "name": "format",
            "in": "query",
            "schema": {"enum": ["json", "csv"], "default": "json"},
        },
        "If-None-Match": {
            "name": "If-None-Match",
            "in": "header",
            "description": "The entity tag of the answer you have: 304 as long as it is the latest",
            "schema": {"type": "string"},
        },
    },
    published=(Results, Offered, OfferedElection),
    details={
        "castVote": _cast,
        "showResults": _results,
        "listOffered": _cached,
        "showOffered": _cached,
        "health": _health,
    },
    # What the model's validator demands of a vote is not part of its generated schema.
    schemas={"Vote": {"allOf": [_WHO, _WHAT]}},
)
