"""Print the tables of docs/threat-model.md."""

import sys

from tests.traitor.tables import registrations, votes

sys.stdout.write(f"{registrations()}\n\n{votes()}\n")
