"""What forged events do to a person is what the threat model says."""

from tests.documents import ROOT
from tests.forgery import table


def test_threat_model_says_what_every_forged_event_changes() -> None:
    assert table() in (ROOT / "docs" / "threat-model.md").read_text()
