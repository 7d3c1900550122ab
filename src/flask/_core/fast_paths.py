"""What is decided once, so that requests walk straight.

Whose hooks a request meets: hooks are registered under the name of a blueprint, or under ``None``
for the application. Which names take part follows from the endpoint alone; the registers
themselves stay live dicts that extensions may change at any time.

What about an application is plain: where nobody replaced a step, a shorter way leads to the same
result.
"""

from __future__ import annotations

import typing as t

DECISIVE: t.Final = frozenset(
    {
        "app_context",
        "asgi_app",
        "async_to_sync",
        "create_url_adapter",
        "dispatch_request",
        "do_teardown_appcontext",
        "do_teardown_request",
        "ensure_sync",
        "finalize_request",
        "inject_url_defaults",
        "preprocess_request",
        "process_response",
        "request_class",
        "request_context",
        "response_class",
        "session_interface",
        "subdomain_matching",
        "url_for",
        "url_map",
        "wsgi_app",
    }
)
"""Attributes of an application that `Decisions` depend on."""


Function = t.TypeVar("Function", bound=t.Callable[..., t.Any])


def built_in(step: Function) -> Function:
    """Mark a step, so that `is_built_in` knows it from one that replaces it."""
    step.built_in = step  # type: ignore[attr-defined]
    return step


def is_built_in(app: t.Any, *names: str) -> bool:
    """Tell whether nobody replaced these steps, on a class or on the application itself.

    What wraps a step with ``functools.wraps`` bears its mark too; so the mark is the step itself.
    """
    steps = [getattr(type(app), name) for name in names]
    return all(getattr(step, "built_in", None) is step for step in steps) and not any(
        name in app.__dict__ for name in names
    )


UNWATCHED_REQUESTS: t.Final = 250
"""A server notices after at most this many requests that a class was changed."""


class Decisions:
    """What is plain about one application.

    Made anew when a decisive attribute is set.

    :param routes_by_path: nobody but path and method has a say in routing.
    :param plain_asgi: nobody has a say in what an ASGI server calls.
    :param plain_contexts: nobody has a say in how application contexts are made.
    :param plain_dispatch: no subclass overrides how a view is called.
    :param plain_steps: nobody has a say in the steps that do nothing without hooks.
    :param plain_urls: nobody has a say in how URLs are built.
    :param plain_wsgi: nobody has a say in what a server calls.
    :param plain_sync: nobody has a say in how a function is made synchronous.
    :param session_on_demand: the session interface lets the session wait to be asked for.
    :param plain_request: the class of requests; ``None``: it has a say in how one is made.
    :param plain_response: the class of responses; ``None``: it has a say in how one is made or
        sent.
    :param text_type: the ``Content-Type`` header of a text that a view returns.
    """

    __slots__ = (
        "accepted_hosts",
        "plain_asgi",
        "plain_contexts",
        "plain_dispatch",
        "plain_hooks",
        "plain_request",
        "plain_response",
        "plain_scopes",
        "plain_steps",
        "plain_sync",
        "plain_urls",
        "routes_by_path",
        "seen",
        "serve_http",
        "session_on_demand",
        "text_type",
        "unwatched_requests",
        "views",
    )

    seen: t.Any
    """The methods on classes that all this depends on, as they were."""
    unwatched_requests: int
    """How many requests may be answered before the classes are compared again."""
    serve_http: t.Any
    """What serves an ASGI server's request, once it is found, if `plain_asgi`."""

    plain_scopes: bool
    """Whether nobody has a say between an ASGI server and the view: no environment is needed."""
    accepted_hosts: set[str | bytes | None]
    """``Host`` headers that the URL map has accepted; whether it does depends on the text alone."""
    views: dict[t.Any, bool]
    """Views that are functions, and whether they have to be awaited."""
    plain_hooks: set[t.Any]
    """The hooks that ``ensure_sync`` returned as they are."""

    def __init__(
        self,
        *,
        routes_by_path: bool,
        plain_asgi: bool,
        plain_contexts: bool,
        plain_dispatch: bool,
        plain_steps: bool,
        plain_sync: bool,
        plain_urls: bool,
        plain_wsgi: bool,
        session_on_demand: bool,
        plain_request: t.Any,
        plain_response: t.Any,
        text_type: tuple[str, str],
    ) -> None:
        self.routes_by_path = routes_by_path
        self.plain_asgi = plain_asgi
        self.serve_http = None
        self.plain_contexts = plain_contexts
        self.plain_dispatch = plain_dispatch
        self.plain_steps = plain_steps
        self.plain_sync = plain_sync
        self.plain_urls = plain_urls
        self.plain_scopes = (plain_wsgi and plain_sync and routes_by_path) and (
            plain_request is not None and session_on_demand
        )
        self.session_on_demand = session_on_demand
        self.plain_request = plain_request
        self.plain_response = plain_response
        self.text_type = text_type
        self.unwatched_requests = UNWATCHED_REQUESTS
        self.accepted_hosts = set()
        self.views = {}
        self.plain_hooks = set()

    def remember_view(self, view: t.Any, is_awaited: bool) -> None:
        """Remember whether a view has to be awaited."""
        if len(self.views) < _MOST_KEPT:
            self.views[view] = is_awaited

    def remember_hook(self, hook: t.Any) -> None:
        """Remember a hook that may be called as it is."""
        if len(self.plain_hooks) < _MOST_KEPT:
            self.plain_hooks.add(hook)

    def accept_host(self, host: str | None) -> None:
        """Remember a ``Host`` header that the map accepted, as text and as ASGI gives it.

        A missing one is not kept, nor one that is longer than a name may be (RFC 1035 section
        2.3.4).
        """
        if host is None or len(host) > _LONGEST_HOST:
            return
        if len(self.accepted_hosts) >= 2 * _MOST_HOSTS:
            self.accepted_hosts.clear()  # made-up hosts must not keep out the real one for good
        self.accepted_hosts |= {host, host.encode("latin-1", "replace")}


def _nothing_is_plain() -> Decisions:
    return Decisions(
        routes_by_path=False,
        plain_asgi=False,
        plain_contexts=False,
        plain_dispatch=False,
        plain_steps=False,
        plain_sync=False,
        plain_urls=False,
        plain_wsgi=False,
        session_on_demand=False,
        plain_request=None,
        plain_response=None,
        text_type=("", ""),
    )


UNDECIDED: t.Final = _nothing_is_plain()
"""For an application before its first request."""

OTHER_APPLICATION: t.Final = _nothing_is_plain()
"""For an application without ``_decisions``: another framework's, or an object made for a test.

Code that accepts any application uses these if it has none. COMPAT: a provider, a context or a test
client needs only the documented attributes of an application.
"""
"""Stands for an application about which nothing is decided yet: so nothing is plain."""


_LONGEST_HOST = 255 + len(":65535")
_MOST_HOSTS = 1000  # what clients send must not pile up
_MOST_KEPT = 10_000  # nor must functions that are made for each request
