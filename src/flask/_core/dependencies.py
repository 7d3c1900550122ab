"""The private names of dependencies that this package uses, in one table.

A release may change a private name without notice. ``tests/project/test_private_dependencies.py``
checks that the installed releases have each name, and that no module uses another one. ``make
lowest`` runs it with the oldest releases.

The modules use the names directly. Nothing imports this module at run time.
"""

from __future__ import annotations

import typing as t


class PrivateName(t.NamedTuple):
    """A private name of a dependency."""

    owner: str
    """The module, or ``module:Class``, that has the name."""
    name: str
    """The name."""
    modules: tuple[str, ...]
    """The modules and packages of this package that use it, as paths below ``flask``."""
    reason: str
    """Why it is used."""
    is_optional: bool = False
    """Whether this package also works without it."""


PRIVATE_NAMES: t.Final = (
    # Python ---------------------------------------------------------------------------------------
    PrivateName(
        "asyncio",
        "_get_running_loop",
        ("_core/event_loops", "_core/gevent_support", "_core/waiting", "asgi", "channels"),
        "returns None if no loop is running; get_running_loop() raises an error: 0.5 us",
    ),
    PrivateName(
        "asyncio:BaseEventLoop",
        "_asyncgen_finalizer_hook",
        ("_core/event_loops",),
        "notices abandoned generators; a loop without it is watched by sys.set_asyncgen_hooks",
        is_optional=True,
    ),
    PrivateName(
        "asyncio:BaseEventLoop",
        "_closed",
        ("_core/event_loops",),
        "marks the parent's loop as closed after a fork; close() would change its selector",
    ),
    PrivateName(
        "asyncio:Task",
        "_log_destroy_pending",
        ("asgi",),
        "no warning for a task that waits when the server drops its loop",
    ),
    PrivateName(
        "inspect",
        "_is_coroutine_mark",
        ("_core/awaitables",),
        "a function that markcoroutinefunction() has marked, from Python 3.12",
        is_optional=True,
    ),
    PrivateName(
        "json.encoder",
        "c_make_encoder",
        ("json/provider",),
        "creates an encoder once instead of for each response",
        is_optional=True,
    ),
    PrivateName(
        "json:JSONDecoder",
        "scan_once",
        ("_http/body",),
        "parses a text without the checks of loads()",
    ),
    PrivateName(
        "tempfile:SpooledTemporaryFile",
        "_file",
        ("_http/multipart",),
        "shares the bytes of an upload instead of copying them",
        is_optional=True,
    ),
    # Werkzeug -------------------------------------------------------------------------------------
    PrivateName(
        "werkzeug.datastructures:Headers",
        "_list",
        ("_http/headers", "_http/response", "_http/response_factories"),
        "reads and creates headers without copies and checks",
    ),
    PrivateName(
        "werkzeug.datastructures:EnvironHeaders",
        "_get_key",
        ("_http/headers",),
        "Werkzeug's other methods use the faster look-up",
    ),
    PrivateName(
        "werkzeug.local:LocalProxy",
        "_LocalProxy__wrapped",
        ("_core/current",),
        "`__wrapped__` of a proxy is the context variable",
    ),
    PrivateName(
        "werkzeug.routing:Rule",
        "_compile_builder",
        ("_routing/map",),
        "compiles the URL builders of a rule at the first use",
        is_optional=True,
    ),
    PrivateName(
        "werkzeug.routing:Rule",
        "_build",
        ("_routing/map",),
        "a compiled URL builder, see `_compile_builder`",
    ),
    PrivateName(
        "werkzeug.routing:Rule",
        "_build_unknown",
        ("_routing/map",),
        "a compiled URL builder, see `_compile_builder`",
    ),
    PrivateName(
        "werkzeug.routing:Rule",
        "_trace",
        ("_routing/map",),
        "finds rules whose compilation raises an error",
    ),
    PrivateName(
        "werkzeug.routing:Rule",
        "_converters",
        ("_routing/rule",),
        "the converters with which the rule was bound; without it the map matches",
        is_optional=True,
    ),
    PrivateName(
        "werkzeug.wrappers:Request",
        "_cached_data",
        ("_http/forms", "_http/request"),
        "the body that get_data() has read",
    ),
    PrivateName(
        "werkzeug.wrappers:Request",
        "_cached_json",
        ("_http/request",),
        "the object that get_json() has parsed",
    ),
    PrivateName(
        "werkzeug.wrappers:Request",
        "_load_form_data",
        ("_http/forms", "_http/request"),
        "the step that parses a form; it is overridden",
    ),
    PrivateName(
        "werkzeug.wrappers:Request",
        "_get_file_stream",
        ("_http/forms", "_http/request"),
        "the step that opens a file for an upload; it is overridden",
    ),
    PrivateName(
        "werkzeug.wrappers:Request",
        "_get_stream_for_parsing",
        ("_http/forms",),
        "a step of parsing a form; a subclass may override it",
    ),
    PrivateName(
        "werkzeug.wrappers:Response",
        "_on_close",
        ("_http/response", "_http/response_state"),
        "the functions of call_on_close()",
    ),
    PrivateName(
        "werkzeug.wrappers:Response",
        "_status",
        ("_http/response", "_http/response_factories", "_http/static_files"),
        "sets status line and code without parsing",
    ),
    PrivateName(
        "werkzeug.wrappers:Response",
        "_status_code",
        ("_http/response", "_http/response_factories", "_http/static_files", "asgi"),
        "sets status line and code without parsing",
    ),
    PrivateName(
        "werkzeug.wsgi:LimitedStream",
        "_stream",
        ("_http/body",),
        "checks whether a body is longer than the limit",
    ),
    PrivateName(
        "werkzeug.test:Client",
        "_cookies",
        ("_testing/client",),
        "whether the client stores cookies",
    ),
    PrivateName(
        "werkzeug.test:Client",
        "_add_cookies_to_wsgi",
        ("_testing/async_client", "_testing/client"),
        "sends the client's cookies over ASGI too",
    ),
    PrivateName(
        "werkzeug.test:Client",
        "_update_cookies_from_response",
        ("_testing/async_client", "_testing/client"),
        "stores cookies of a response over ASGI",
    ),
    PrivateName(
        "werkzeug._reloader",
        "reloader_loops",
        ("_development/_serving",),
        "the table of reloaders, to which this package's is added; without it Werkzeug's is used",
        is_optional=True,
    ),
    # Others ---------------------------------------------------------------------------------------
    PrivateName(
        "markupsafe",
        "_escape_inner",
        ("_templating/compiler",),
        "escapes a text without marking it as safe",
        is_optional=True,
    ),
    *(
        PrivateName(
            "jinja2.compiler:CodeGenerator",
            name,
            ("_templating/compiler",),
            "writes the code that escapes a value; overridden, as in jinja2.nativetypes",
        )
        for name in ("_FinalizeInfo", "_output_child_post", "_output_child_pre")
    ),
    PrivateName(
        "granian.server:Server",
        "_respawn_workers",
        ("cli/_supervisor",),
        "replaces workers that have failed; it is overridden",
    ),
)
"""The private names that this package uses."""
