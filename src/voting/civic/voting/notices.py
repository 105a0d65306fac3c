"""The SNS topic of election notices; whom it tells is for those to say who subscribe to it."""

from civic.contracts.events import Event
from civic.contracts.voting import ElectionChange

SUBSCRIBES: tuple[type[Event], ...] = (ElectionChange,)
