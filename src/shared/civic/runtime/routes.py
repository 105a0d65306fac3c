"""One declaration for each route, beside its handler.

From it come the dispatch and the check of who may (`civic.runtime.http.serve`), the OpenAPI
documents, the routes, integrations and permissions of the templates, and the tests' maps. How to
add one: docs/extending.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel

from civic.runtime.observability import Invocation
from civic.runtime.request import Request, Response

type Handler = Callable[[Request, Invocation], Response]


class Access(StrEnum):
    """Whose requests reach the handler of a route."""

    PUBLIC = "public"
    """Anybody's."""

    TOKEN = "token"  # noqa: S105 - a kind of access
    """Those with a bearer token; whether it is the right one is for the use case to say."""

    STAFF = "staff"
    """Those signed by a principal of IAM, as API Gateway found it (docs/adr/0012)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answers if nothing is in the way.

    Attributes:
        status: The HTTP status.
        model: The body, None if there is none; only its name where the function answers with what
            was published, and so has no use for the model itself.
        also: Media types to choose from besides JSON.
    """

    status: int
    model: type[BaseModel] | str | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """One route.

    Attributes:
        key: As API Gateway has it: ``PUT /registrations/{id}``.
        handler: Answers a request that may come in.
        access: Whose requests may.
        operation: The ``operationId`` in the API's OpenAPI document, and with a capital letter the
            route's name in the template.
        summary: What it does, for the document; None for what the document leaves out.
        body: What the request carries.
        answer: The answer if nothing is in the way.
        problems: Further statuses than those that follow from the key, the access and the body.
        parameters: Names of headers and query parameters, which the document describes.
    """

    key: str
    handler: Handler
    access: Access
    operation: str
    summary: str | None = None
    body: type[BaseModel] | None = None
    answer: Answer = Answer(200)
    problems: tuple[int, ...] = ()
    parameters: tuple[str, ...] = ()

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.key.partition(" ")[0]

    @property
    def path(self) -> str:
        """The path, with its parameters in braces."""
        return self.key.partition(" ")[2]


@dataclass(frozen=True, slots=True)
class Routes:
    """What one function answers.

    Attributes:
        api: The logical id of the API, in the template of the function or in the platform's.
        routes: Its routes.
        elsewhere: The keys that other functions serve on the paths of this one, so that ``Allow``
            is complete. One function of such a path says so, and answers its undeclared methods.
    """

    api: str
    routes: tuple[Route, ...]
    elsewhere: tuple[str, ...] = ()

    def find(self, key: str) -> Route | None:
        """Return the route with a key."""
        return next((one for one in self.routes if one.key == key), None)

    def on(self, path: str) -> tuple[Route, ...]:
        """Return the routes of a path."""
        return tuple(one for one in self.routes if one.path == path)

    def methods(self, path: str) -> tuple[str, ...]:
        """Return every method that a path has, on whichever function, in alphabetical order."""
        keys = [one.key.partition(" ") for one in self.routes]
        keys += [key.partition(" ") for key in self.elsewhere]
        return tuple(sorted(method for method, _, of in keys if of == path))
