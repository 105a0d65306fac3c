"""The SNS topic of election notices; who receives them is up to those who subscribe to it."""

from civic.contracts.events import Event
from civic.contracts.voting import ElectionChange

SUBSCRIBES: tuple[type[Event], ...] = (ElectionChange,)
