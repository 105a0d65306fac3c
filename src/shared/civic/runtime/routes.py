"""One declaration for each route, beside its handler.

From it come the dispatch and the check of access (`civic.runtime.http.serve`), the OpenAPI
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
    """Which requests reach the handler of a route."""

    PUBLIC = "public"
    """Anybody's."""

    TOKEN = "token"  # noqa: S105 - a kind of access
    """Those with a bearer token; the use case decides whether it is the right one."""

    STAFF = "staff"
    """Those signed by an IAM principal, as API Gateway found it (docs/adr/0012)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answers if there is no problem.

    Attributes:
        status: The HTTP status.
        model: The model of the body, or None; only its name if the function answers with what
        was published, and so does not use the model itself.
        also: Media types that are available besides JSON.
    """

    status: int
    model: type[BaseModel] | str | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """A route of an API.

    Attributes:
        key: The route key of API Gateway: ``PUT /registrations/{id}``.
        handler: Answers a request that was let in.
        access: Which requests are let in.
        operation: The ``operationId`` in the API's OpenAPI document, which with a capital letter
        is the route's name in the template.
        summary: What the route does, for the document; None to leave it out of the document.
        body: The model of the request's body.
        answer: The answer if there is no problem.
        problems: Statuses other than those that follow from the key, the access and the body.
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
    """The routes that one function answers.

    Attributes:
        api: The logical id of the API, in the template of the function or in the platform's.
        routes: Its routes.
        elsewhere: The keys that other functions serve on the paths of this one, so that ``Allow``
        is complete. One function of such a path declares them, and answers undeclared methods.
        silent_preflight: Whether a browser's question (OPTIONS) leaves no log line: it comes a
        moment before the request itself, whose moment must not be recorded.
    """

    api: str
    routes: tuple[Route, ...]
    elsewhere: tuple[str, ...] = ()
    silent_preflight: bool = False

    def find(self, key: str) -> Route | None:
        """Return the route with a key."""
        return next((one for one in self.routes if one.key == key), None)

    def on(self, path: str) -> tuple[Route, ...]:
        """Return the routes on a path."""
        return tuple(one for one in self.routes if one.path == path)

    def methods(self, path: str) -> tuple[str, ...]:
        """Return every method of a path, whichever function serves it, in alphabetical order."""
        keys = [one.key.partition(" ") for one in self.routes]
        keys += [key.partition(" ") for key in self.elsewhere]
        return tuple(sorted(method for method, _, of in keys if of == path))
