"""The office's table from file to ballot: loaded, looked up, and followed by the roll."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from civic.client.api_client import Refused
from civic.client.citizen import Citizen, Receipt
from civic.client.device import Device
from civic.contracts.events import Decision
from civic.contracts.identifiers import ElectionId
from civic.stack.target import Target
from tests.fakes.elections import STYLE, published
from tests.integration.conftest import Command
from tests.integration.consumers import announced
from tests.integration.lives import registered
from tests.integration.people import stranger
from tests.integration.staff import Member, member
from tests.integration.waiting import eventually

TABLE = "country,postcode,areas\nNL,1011AB,NL-NH-N1\nNL,1012AB,NL-NH-N2\n"
"""Of a country in which no other file registers anybody, as the table stays in use."""
OWN = ElectionId("0wnareas0001")
"""An election of its own: other files leave theirs open for countries."""


@pytest.fixture(scope="module")
def jane(target: Target) -> Iterator[Member]:
    with member(target, "jane") as jane:
        yield jane


@pytest.fixture(scope="module", autouse=True)
def _election(target: Target) -> Iterator[None]:
    event = published(datetime.now(UTC), "NL-NH-N1").model_copy(update={"election": OWN})
    with announced(target, event):
        yield


def lives_in(**address: str) -> dict[str, Any]:
    written = {"lines": ["Dam 1"], "city": "Amsterdam", "country": "NL", **address}
    return stranger(address=written)


def styles(citizen: Citizen, receipt: Receipt) -> list[str]:
    """Return which style this election offers, as soon as the roll has heard of the decision."""

    def look() -> list[str]:
        try:
            offered = Device(citizen, receipt).look()[0]
        except Refused as not_yet:
            if not_yet.code != "not_found":
                raise
            return []
        return [one.style for one in offered if one.election == OWN]

    return eventually("the election is offered", look)


def test_table_gives_a_postcode_the_ballot_of_its_area(
    citizen: Citizen,
    jane: Member,
    civic: Command,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = tmp_path / "areas.csv"
    table.write_text(TABLE)
    assert civic("areas", "load", table) == 0
    capsys.readouterr()
    assert civic("areas", "load", table) == 0
    assert "in use already" in capsys.readouterr().out

    north = registered(citizen, lives_in(postcode="1011 AB"))
    assert styles(citizen, north) == [STYLE]

    # The rules are content with the country, and the table has other postcodes of it.
    unlisted = registered(citizen, lives_in(postcode="1013 AB"))
    status = citizen.status(unlisted)
    assert status["decision"] == Decision.REVIEW
    assert [reason["code"] for reason in status["reasons"]] == ["area_unresolved"]
    accept = {"revision": 1, "decision": "accepted"}
    refused = jane.ask("POST", f"/reviews/{unlisted.id}", accept)
    assert (refused.status_code, refused.json()["code"]) == (409, "area_needed")
    unknown = jane.ask("POST", f"/reviews/{unlisted.id}", accept | {"areas": ["NL-NH-N9"]})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "area_unknown")
    settled = jane.ask("POST", f"/reviews/{unlisted.id}", accept | {"areas": ["NL-NH-N1"]})
    assert settled.json()["outcome"] == "decided"
    assert styles(citizen, unlisted) == [STYLE]
