"""Which fast paths the requests of one application may take.

A fast path gives the same result as the general code, in fewer steps. It may be taken only where
nothing that it leaves out is overridden. This is computed at the first request.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .._core.baseline import ClassGuard
from .._core.hook_registers import HookIndex

_LONGEST_HOST = 255 + len(":65535")  # RFC 1035 section 2.3.4
_MOST_HOSTS = 1000  # clients choose the hosts
_MOST_FUNCTIONS = 10_000  # a function may be created for each request


@dataclass(frozen=True, slots=True, eq=False)
class FastPaths:
    """The fast paths of an application. Only its caches change after it was computed.

    They are valid as long as the object is.
    """

    is_computed: bool = False
    """Whether the application was examined. Until then no fast path is allowed."""
    routing: bool = False
    """Only the URL map decides which rule matches: path and method are enough."""
    contexts: bool = False
    """A request context may be its own application context."""
    debug: bool = False
    """Debug mode is what the setting says."""
    dispatch: bool = False
    """A view may return an awaitable, because no override of ``dispatch_request`` sees it."""
    steps: bool = False
    """Steps without hooks need not be called."""
    errors: bool = False
    """An error of routing becomes its page in the built-in way, unless it has a handler."""
    sync: bool = False
    """Functions are made synchronous in the built-in way."""
    urls: bool = False
    """URLs are built in the built-in way."""
    scopes: bool = False
    """An ASGI request needs no WSGI environment."""
    inputs: bool = False
    """The method, the query, the cookies and the body are read in the built-in way."""
    sessions: bool = False
    """The session is opened at the first access."""
    request_class: type[t.Any] | None = None
    """The class of requests, if a request may be created at the first access."""
    response_class: type[t.Any] | None = None
    """The class of responses, if it overrides nothing about creating and sending them."""
    text_type: tuple[str, str] = ("", "")
    """The ``Content-Type`` header of a string that a view returns."""
    guard: ClassGuard = field(default_factory=ClassGuard)
    """Notices changes of the classes of the application, its requests and its responses."""
    app_members: Mapping[str, object] = field(default_factory=dict)
    request_members: Mapping[str, object] = field(default_factory=dict)
    response_members: Mapping[str, object] = field(default_factory=dict)
    size: int = -1
    """The number of all three, if the guard compares nothing else; otherwise -1."""

    accepted_hosts: set[str | bytes | None] = field(default_factory=set)
    """``Host`` headers that the URL map accepts, as text and as ASGI gives them."""
    views: dict[Callable[..., object], bool] = field(default_factory=dict)
    """Views that are functions, and whether they have to be awaited."""
    hooks: HookIndex = field(default_factory=HookIndex)
    """The hooks of each endpoint."""

    def is_valid(self) -> bool:
        """Return whether the fast paths were computed, and the classes have not changed since."""
        return self.is_computed and self.guard.is_unchanged()

    def remember_view(self, view: Callable[..., object], is_awaited: bool) -> None:
        """Remember whether a view has to be awaited."""
        if len(self.views) < _MOST_FUNCTIONS:
            self.views[view] = is_awaited

    def accept_host(self, host: str | None) -> None:
        """Remember a ``Host`` header that the URL map accepted.

        A missing one is not kept, nor one that is longer than a name may be.
        """
        if host is None or len(host) > _LONGEST_HOST:
            return
        if len(self.accepted_hosts) >= 2 * _MOST_HOSTS:
            self.accepted_hosts.clear()  # invented hosts must not displace the real one for good
        self.accepted_hosts.update((host, host.encode("latin-1", "replace")))


NO_FAST_PATHS: t.Final = FastPaths(is_computed=True)
"""For an application of another framework, or an object that a test made.

COMPAT: a JSON provider, a context or a test client needs only the documented attributes of an
application.
"""
