"""The digest of what voters decide on: a known answer, and what it does and does not depend on."""

import hashlib
from typing import Any

import pytest

from civic.contracts.identifiers import ElectionId
from civic.contracts.voting import Audience
from civic.voting.model.definition import digest_of
from civic.voting.model.drafting import begin
from civic.voting.model.election import Election, State
from tests.fakes.voting_elections import CLOSES, OPENS, draft

ONE, TWO = ElectionId("0123456789ab"), ElectionId("ba9876543210")
CANONICAL = (
    '{"contests":[{"id":"c1","max":1,"min":0,"options":['
    '{"description":"Parks","id":"o2","order":0,"text":"Ada É"},'
    '{"id":"o3","order":1,"text":"Grace"}],'
    '"order":0,"title":"Mayor","write_ins":false}],'
    '"styles":[{"areas":["N1","N2"],"contests":[{"contest":"c1"}],"id":"north","name":"North"},'
    '{"areas":["S1"],"contests":[{"contest":"c1","options":["o3","o2"]}],'
    '"id":"south","name":"South"}],'
    '"title":"Council"}'
)
OPTIONS: list[dict[str, Any]] = [{"text": "Ada É", "description": "Parks"}, {"text": "Grace"}]
CONTESTS = [{"title": "Mayor", "options": OPTIONS}]
STYLES = [
    {"id": "north", "name": "North", "areas": ["N1", "N2"]},
    {
        "id": "south",
        "name": "South",
        "areas": ["S1"],
        "contests": [{"contest": "Mayor", "options": ["Grace", "Ada É"]}],
    },
]


def election(id_: ElectionId = ONE, **changes: Any) -> Election:
    return begin(id_, draft(**{"contests": CONTESTS, "styles": STYLES} | changes))


def test_digest_is_that_of_the_canonical_json() -> None:
    assert digest_of(election()) == hashlib.sha256(CANONICAL.encode()).digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Council!"},
        {"contests": [CONTESTS[0] | {"options": OPTIONS[::-1]}]},
        {"contests": [CONTESTS[0] | {"options": [*OPTIONS, {"text": "Barbara"}]}]},
        {"contests": [CONTESTS[0] | {"max": 2}]},
        {"styles": STYLES[::-1]},
        {"styles": STYLES[:1]},
    ],
)
def test_whatever_voters_decide_on_changes_the_digest(changes: dict[str, Any]) -> None:
    assert digest_of(election(**changes)) != digest_of(election())


def test_nothing_else_changes_it() -> None:
    other = election(
        TWO, time_zone="UTC", opens_at=OPENS.isoformat(), closes_at=(CLOSES + (CLOSES - OPENS))
    ).model_copy(update={"state": State.CERTIFIED, "revision": 9, "openings": Audience.PUBLIC})
    assert digest_of(other) == digest_of(election())


def test_largest_numbers_of_a_draft_have_a_digest() -> None:
    many = [{"title": "Party", "order": 1_000_000, "max": 1_000_000, "write_ins": True}]
    assert len(digest_of(election(contests=many, styles=STYLES[:1]))) == 32
