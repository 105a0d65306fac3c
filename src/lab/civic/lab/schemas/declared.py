"""Collects what the functions of all contexts declare: their routes and subscriptions."""

import importlib
import pkgutil
from functools import cache
from types import ModuleType

from civic.contracts.events import Event
from civic.contracts.registry import events_in
from civic.runtime.routes import Routes
from civic.runtime.subscriptions import Subscription
from civic.voting import notices

_CONTEXTS = ("identity", "analytics", "voting", "audit")


@cache
def functions() -> tuple[ModuleType, ...]:
    """Return the module of every function."""
    packages = [importlib.import_module(f"civic.{one}.functions") for one in _CONTEXTS]
    return tuple(
        importlib.import_module(f"{package.__name__}.{found.name}")
        for package in packages
        for found in pkgutil.iter_modules(package.__path__)
    )


def routes_of(function: ModuleType) -> Routes | None:
    """Return the routes of a function, or None if it answers no requests."""
    found: Routes | None = getattr(function, "ROUTES", None)
    return found


def tables(context: str, api: str) -> list[Routes]:
    """Return the routes of a context's functions on one API."""
    declared = [
        routes_of(one) for one in functions() if one.__name__.startswith(f"civic.{context}.")
    ]
    return [one for one in declared if one is not None and one.api == api]


def subscribers() -> dict[type[Event], list[ModuleType]]:
    """Return for each event the modules that subscribe to it, functions before topics."""
    found: dict[type[Event], list[ModuleType]] = {}
    for module in (*functions(), notices):
        for event in subscribed(module):
            found.setdefault(event, []).append(module)
    return found


def subscribed(module: ModuleType) -> tuple[type[Event], ...]:
    """Return the events that a module subscribes to, with each event of a family listed."""
    declared: tuple[Subscription[object] | type[Event], ...] = getattr(module, "SUBSCRIBES", ())
    families = [one.event if isinstance(one, Subscription) else one for one in declared]
    return tuple(dict.fromkeys(event for family in families for event in events_in(family)))
