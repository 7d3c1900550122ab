"""Names that applications import from a module that does not define them.

``from flask.app import HTTPException`` works with Flask 3.1, because that module imports the class
for its own use. Many applications contain such lines. This package's modules import less. They
provide the other names through `module_getattr`, which imports them at the first access.

This list is no promise: in new code, import a name from the module that defines it.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from importlib import import_module

_TYPE_VARIABLES = """
    flask._app.scaffold: T_after_request T_before_request T_error_handler T_teardown
    flask._app.scaffold: T_template_context_processor T_url_defaults T_url_value_preprocessor
"""
_TEMPLATE_TYPE_VARIABLES = """
    flask._app.templates: T_template_filter T_template_global T_template_test
"""

# For each module, lines of the form "origin: names". A line without names re-exports a module.
# "name=alias" re-exports a name under another one.
NAMES: t.Final[dict[str, str]] = {
    "flask.app": f"""
        {_TEMPLATE_TYPE_VARIABLES}
        click
        collections.abc=cabc
        flask.cli=cli
        flask._app.base: App T_shell_context_processor
        flask._core.current: _cv_app current_app request_ctx
        flask._app.scaffold: T_teardown _sentinel
        flask.ctx: AppContext
        flask.sessions: SecureCookieSessionInterface SessionInterface
        flask.signals: appcontext_tearing_down got_request_exception request_finished
        flask.signals: request_started request_tearing_down
        flask.templating: Environment
        flask.testing: EnvironBuilder FlaskClient FlaskCliRunner
        inspect: iscoroutinefunction
        itertools: chain
        types: TracebackType
        werkzeug.datastructures: Headers ImmutableDict
        werkzeug.exceptions: BadRequestKeyError HTTPException InternalServerError
        urllib.parse: quote=_url_quote
        werkzeug.routing: BuildError RequestRedirect RoutingException
        werkzeug.serving: is_running_from_reloader
        flask.wrappers: Request
        werkzeug.wrappers: Response=BaseResponse
        werkzeug.wsgi: get_host
    """,
    "flask.asgi": """
        flask.app: Flask=AsgiApp
        flask.asgi._scope: ScopeError
        flask.asgi._websocket: Websocket WebsocketContext
        flask.asgi._websocket_channel: WebsocketDisconnect WebsocketStateError
    """,
    "flask.blueprints": """
        os
        flask._app.scaffold: _sentinel
        flask.cli: AppGroup
    """,
    "flask.cli": """
        ast
        collections.abc=cabc
        importlib
        inspect
        os
        platform
        re
        sys
        traceback
        typing=t
        click.core: ParameterSource
        functools: update_wrapper
        operator: itemgetter
        types: ModuleType
        werkzeug.serving: is_running_from_reloader
        werkzeug.utils: import_string
    """,
    "flask.ctx": """
        contextvars
        sys
        flask._core.current: _cv_app
        flask._context.request: _sentinel
        flask.signals: appcontext_popped appcontext_pushed
        types: TracebackType
        werkzeug.exceptions: HTTPException
    """,
    "flask.debughelpers": """
        jinja2.loaders: BaseLoader
    """,
    "flask.globals": """
        typing=t
        flask._core.current: _cv_app
        werkzeug.local: LocalProxy
    """,
    "flask.helpers": """
        flask._core.current: _cv_app _cv_request
        flask._http.sse: ServerSentEvent
        functools: cache update_wrapper
    """,
    "flask.json": """
        json=_json
        flask._core.current: current_app
    """,
    "flask.json.provider": """
        dataclasses
        decimal
        uuid
        datetime: date
        werkzeug.http: http_date
    """,
    "flask.logging": """
        flask._core.current: request
    """,
    "flask.sansio.app": f"""
        {_TEMPLATE_TYPE_VARIABLES}
        flask.typing=ft
        logging
        os
        sys
        typing=t
        datetime: timedelta
        flask._app.base: T_shell_context_processor
        flask._core.environment: find_package get_debug_flag
        flask._core.hook_scopes: _split_blueprint_path
        flask._app.scaffold: Scaffold T_teardown _endpoint_from_view_func setupmethod
        flask.config: Config ConfigAttribute
        flask.ctx: _AppCtxGlobals
        flask.json.provider: DefaultJSONProvider JSONProvider
        flask.logging: create_logger
        flask.templating: DispatchingJinjaLoader Environment
        itertools: chain
        werkzeug.exceptions: Aborter BadRequest BadRequestKeyError
        werkzeug.routing: BuildError Map Rule
        werkzeug.utils: cached_property redirect=_wz_redirect
        werkzeug.sansio.response: Response
    """,
    "flask.sansio.blueprints": f"""
        {_TYPE_VARIABLES}
        {_TEMPLATE_TYPE_VARIABLES}
        flask.typing=ft
        os
        typing=t
        collections: defaultdict
        flask._app.scaffold: Scaffold _endpoint_from_view_func _sentinel setupmethod
        functools: update_wrapper
    """,
    "flask.sansio.scaffold": f"""
        {_TYPE_VARIABLES}
        flask.typing=ft
        importlib
        os
        pathlib
        sys
        typing=t
        collections: defaultdict
        flask._core.environment: get_root_path
        flask._app.scaffold: T_route
        flask.templating: _default_template_ctx_processor
        functools: update_wrapper
        jinja2: BaseLoader FileSystemLoader
        werkzeug.exceptions: HTTPException default_exceptions
        werkzeug.utils: cached_property
    """,
    "flask.sessions": """
        collections=c
        collections.abc: MutableMapping
        datetime: timezone
        itsdangerous: BadData BadSignature URLSafeTimedSerializer
        werkzeug.datastructures: CallbackDict
    """,
    "flask.templating": """
        flask._core.current: _cv_app current_app request
        flask._templating.environment: DispatchingJinjaLoader Environment
        jinja2: BaseLoader Environment=BaseEnvironment Template TemplateNotFound
    """,
    "flask.testing": """
        importlib
        werkzeug
        contextlib: ExitStack contextmanager
        copy: copy
        flask._testing.client: _get_werkzeug_version
        flask.sessions: SessionMixin
        types: TracebackType
        urllib.parse: urlsplit
        werkzeug.wrappers: Request=BaseRequest
    """,
    "flask.views": """
        flask.typing=ft
    """,
    "flask.wrappers": """
        flask.json=json
        typing=t
        flask._core.current: current_app
        flask._core.hook_scopes: _split_blueprint_path
        werkzeug.exceptions: BadRequest HTTPException
    """,
}


def origins(module: str) -> dict[str, tuple[str, str]]:
    """Return the origin, as module and name, of each name that a module re-exports.

    The second one is empty if the module itself is re-exported.
    """
    found: dict[str, tuple[str, str]] = {}
    for line in filter(str.strip, NAMES[module].splitlines()):
        place, _, names = line.strip().partition(":")
        place, _, alias = place.partition("=")
        if not names:
            found[alias or place] = (place, "")
        for name in names.split():
            there, _, here = name.partition("=")
            found[here or there] = (place, there)
    return found


def module_getattr(module: str) -> Callable[[str], object]:
    """Return the ``__getattr__`` of a module that re-exports names (PEP 562).

    :param module: the name of the module, a key of `NAMES`.
    """

    def __getattr__(name: str) -> object:
        place, there = origins(module).get(name, ("", ""))
        if not place:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        origin = import_module(place)
        return getattr(origin, there) if there else origin

    return __getattr__
