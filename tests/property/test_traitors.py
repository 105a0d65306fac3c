"""What one function in other hands does by writing to tables is what the threat model says."""

from tests.documents import ROOT
from tests.traitor import polling, town
from tests.traitor.roles import roles
from tests.traitor.tables import UNTRIED, registrations, votes


def test_threat_model_says_what_the_writes_of_every_role_change() -> None:
    assert registrations() in (ROOT / "docs" / "threat-model.md").read_text("utf-8")


def test_threat_model_says_what_the_writes_of_every_role_do_to_an_election() -> None:
    assert votes() in (ROOT / "docs" / "threat-model.md").read_text("utf-8")


def test_every_table_that_a_role_writes_to_is_tried_or_named() -> None:
    tried = town.TABLES.keys() | polling.TABLES.keys()
    assert {table for role in roles() for table in role.written()} == tried | UNTRIED
