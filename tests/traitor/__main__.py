"""Print the tables of docs/threat-model.md."""

import sys

from tests.traitor.tables import registrations

sys.stdout.write(f"{registrations()}\n")
