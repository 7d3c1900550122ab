"""The registers of applications and blueprints, and the decorators that add functions to them.

Decorators run at set-up. Requests read the registers and never change them. The registers are
ordinary dicts and lists, because extensions change them directly.
"""

from __future__ import annotations

import os
import typing as t
from collections import defaultdict
from collections.abc import Callable
from functools import cached_property

from .. import typing as ft
from .._core.environment import get_root_path, join_folders
from .error_handlers import ErrorHandlers, find_error_class
from .setup_checks import Function, setupmethod

if t.TYPE_CHECKING:
    from jinja2 import BaseLoader

AnyAfterRequest: t.TypeAlias = ft.AfterRequestCallable[t.Any]
"""An ``after_request`` function, for any class of responses."""

OpenFile: t.TypeAlias = t.IO[t.Any]
"""A file that is open. The mode decides whether it has text or bytes."""

# A decorator returns the function that it gets. There is one variable for each kind of function, in
# the order of the steps of a request.
T_url_value_preprocessor = t.TypeVar(
    "T_url_value_preprocessor", bound=ft.URLValuePreprocessorCallable
)
T_before_request = t.TypeVar("T_before_request", bound=ft.BeforeRequestCallable)
T_route = t.TypeVar("T_route", bound=ft.RouteCallable)
T_url_defaults = t.TypeVar("T_url_defaults", bound=ft.URLDefaultCallable)
T_template_context_processor = t.TypeVar(
    "T_template_context_processor", bound=ft.TemplateContextProcessorCallable
)
T_error_handler = t.TypeVar("T_error_handler", bound=ft.ErrorHandlerCallable)
T_after_request = t.TypeVar("T_after_request", bound=AnyAfterRequest)
T_teardown = t.TypeVar("T_teardown", bound=ft.TeardownCallable)

_sentinel = object()
"""The default of a parameter for which ``None`` is a value."""

HOOK_REGISTERS = (
    "before_request_funcs",
    "after_request_funcs",
    "teardown_request_funcs",
    "template_context_processors",
    "url_value_preprocessors",
    "url_default_functions",
)
"""The registers with a list of functions for each blueprint. ``None`` is the application."""


class Scaffold:
    """The common base class of applications and blueprints.

    :param import_name: usually ``__name__`` of the module that creates the object.
    :param static_folder: folder with static files, relative to `root_path`.
    :param static_url_path: URL prefix of the static files; by default the name of the folder.
    :param template_folder: folder with templates, relative to `root_path`.
    :param root_path: base of relative folders; by default the folder of the module or package.
    """

    name: str
    """The name for endpoints, the logger and commands."""
    import_name: str
    """The name of the package or module that defines the object."""
    root_path: str
    """Absolute path of the folder of that package or module."""
    template_folder: str | os.PathLike[str] | None
    """Folder with the templates, relative to `root_path`."""
    view_functions: dict[str, ft.RouteCallable]
    """The views by endpoint."""
    error_handler_spec: ErrorHandlers
    """``{blueprint or None: {status or None: {exception class: handler}}}``."""
    before_request_funcs: dict[ft.AppOrBlueprintKey, list[ft.BeforeRequestCallable]]
    """Called before the view, in order of registration."""
    after_request_funcs: dict[ft.AppOrBlueprintKey, list[AnyAfterRequest]]
    """Called with the response, newest first."""
    teardown_request_funcs: dict[ft.AppOrBlueprintKey, list[ft.TeardownCallable]]
    """Called when the request context is popped, newest first."""
    template_context_processors: dict[
        ft.AppOrBlueprintKey, list[ft.TemplateContextProcessorCallable]
    ]
    """Called before a template is rendered. Each returns names for the template."""
    url_value_preprocessors: dict[ft.AppOrBlueprintKey, list[ft.URLValuePreprocessorCallable]]
    """Called with the endpoint and the URL's values. They may change the values."""
    url_default_functions: dict[ft.AppOrBlueprintKey, list[ft.URLDefaultCallable]]
    """Called when a URL is built, with endpoint and values. They may change the values."""

    _static_folder: str | None
    _static_url_path: str | None

    def __init__(
        self,
        import_name: str,
        static_folder: str | os.PathLike[str] | None = None,
        static_url_path: str | None = None,
        template_folder: str | os.PathLike[str] | None = None,
        root_path: str | None = None,
    ) -> None:
        self.root_path = get_root_path(import_name) if root_path is None else root_path
        self.import_name = import_name
        self.template_folder = template_folder
        self.static_folder = static_folder
        self.static_url_path = static_url_path
        for register in HOOK_REGISTERS:
            setattr(self, register, self._make_register())
        self.error_handler_spec = defaultdict(lambda: defaultdict(dict))
        self.view_functions = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def _make_register(self) -> defaultdict[ft.AppOrBlueprintKey, list[t.Any]]:
        """Create an empty register of hooks."""
        return defaultdict(list)

    def _check_setup_finished(self, f_name: str) -> None:
        """Raise ``AssertionError`` if the set-up method ``f_name`` is called too late."""
        raise NotImplementedError

    # Files ---------------------------------------------------------------------------------------

    @property
    def static_folder(self) -> str | None:
        """Absolute path of the folder with static files, or ``None``."""
        folder = self._static_folder
        return None if folder is None else join_folders(self.root_path, folder)

    @static_folder.setter
    def static_folder(self, value: str | os.PathLike[str] | None) -> None:
        self._static_folder = None if value is None else os.fspath(value).rstrip(r"\/")

    @property
    def has_static_folder(self) -> bool:
        """Whether a folder with static files is set. The folder may be missing."""
        return self.static_folder is not None

    @property
    def static_url_path(self) -> str | None:
        """URL prefix of the static files; by default the name of the folder."""
        if self._static_url_path is not None:
            return self._static_url_path
        folder = self.static_folder
        return None if folder is None else f"/{os.path.basename(folder)}".rstrip("/")

    @static_url_path.setter
    def static_url_path(self, value: str | None) -> None:
        self._static_url_path = None if value is None else value.rstrip("/")

    @cached_property
    def jinja_loader(self) -> BaseLoader | None:
        """Loads the templates of this object; ``None`` without a template folder."""
        if self.template_folder is None:
            return None
        from jinja2 import FileSystemLoader  # 12 ms at its first use

        return FileSystemLoader(os.path.join(self.root_path, self.template_folder))

    def _open_to_read(self, resource: str, mode: str, encoding: str | None) -> OpenFile:
        """Open a file in the root folder, for ``open_resource``."""
        is_text = mode in {"r", "rt"}
        if not is_text and mode != "rb":
            raise ValueError(f"Resources can only be opened for reading. Not with mode {mode!r}.")
        file = os.path.join(self.root_path, resource)
        return open(file, mode, encoding=encoding if is_text else None)

    # Routes --------------------------------------------------------------------------------------

    def _method_route(
        self, method: str, rule: str, options: dict[str, ft.RouteOption]
    ) -> Callable[[T_route], T_route]:
        if "methods" in options:
            raise TypeError("Use the 'route' decorator to use the 'methods' argument.")
        return self.route(rule, **options, methods=[method])

    @setupmethod
    def get(self, rule: str, **options: ft.RouteOption) -> Callable[[T_route], T_route]:
        """Route ``GET`` requests to the decorated view; see `route`."""
        return self._method_route("GET", rule, options)

    @setupmethod
    def put(self, rule: str, **options: ft.RouteOption) -> Callable[[T_route], T_route]:
        """Route ``PUT`` requests to the decorated view; see `route`."""
        return self._method_route("PUT", rule, options)

    @setupmethod
    def patch(self, rule: str, **options: ft.RouteOption) -> Callable[[T_route], T_route]:
        """Route ``PATCH`` requests to the decorated view; see `route`."""
        return self._method_route("PATCH", rule, options)

    @setupmethod
    def post(self, rule: str, **options: ft.RouteOption) -> Callable[[T_route], T_route]:
        """Route ``POST`` requests to the decorated view; see `route`."""
        return self._method_route("POST", rule, options)

    @setupmethod
    def delete(self, rule: str, **options: ft.RouteOption) -> Callable[[T_route], T_route]:
        """Route ``DELETE`` requests to the decorated view; see `route`."""
        return self._method_route("DELETE", rule, options)

    @setupmethod
    def route(self, rule: str, **options: ft.RouteOption) -> Callable[[T_route], T_route]:
        """Route requests to the decorated view.

        :param rule: the path, such as ``"/users/<int:id>"``.
        :param options: ``methods`` (by default ``["GET"]``), ``endpoint`` (the function's name by
            default), ``blocking`` (under ASGI, ``False`` runs a synchronous view on the loop,
            ``True`` runs any view in a thread), ``cancel_on_disconnect``, and those of
            ``werkzeug.routing.Rule``.
        :raises ValueError: the rule does not start with a slash.
        :raises AssertionError: the endpoint has another view.
        """

        def register(view: T_route) -> T_route:
            endpoint = options.pop("endpoint", None)
            self.add_url_rule(rule, endpoint, view, **options)
            return view

        return register

    @setupmethod
    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: ft.RouteCallable | None = None,
        provide_automatic_options: bool | None = None,
        **options: ft.RouteOption,
    ) -> None:
        """Route requests to a view, as `route` does.

        :param rule: the path.
        :param endpoint: the key in `view_functions`, and the name for `url_for`.
        :param view_func: the view. You can add it later with `endpoint`.
        :param provide_automatic_options: respond to ``OPTIONS`` without the view.
        :param options: as for `route`.
        """
        raise NotImplementedError

    @setupmethod
    def endpoint(self, endpoint: str) -> Callable[[Function], Function]:
        """Register the decorated function as the view of an endpoint."""

        def register(view: Function) -> Function:
            self.view_functions[endpoint] = view  # type: ignore[assignment]
            return view

        return register

    # Hooks ---------------------------------------------------------------------------------------

    @staticmethod
    def _add_hook(
        function: Function, register: dict[ft.AppOrBlueprintKey, list[t.Any]]
    ) -> Function:
        """Add a function to a register of this object, under the key ``None``."""
        register.setdefault(None, []).append(function)
        return function

    @setupmethod
    def before_request(self, f: T_before_request) -> T_before_request:
        """Call a function before the view.

        If it returns a value other than ``None``, that value is the response.
        """
        return self._add_hook(f, self.before_request_funcs)

    @setupmethod
    def after_request(self, f: T_after_request) -> T_after_request:
        """Call a function with the response, after the view.

        It returns the same or another response.
        """
        return self._add_hook(f, self.after_request_funcs)

    @setupmethod
    def teardown_request(self, f: T_teardown) -> T_teardown:
        """Call a function when the request context is popped.

        It gets the unhandled error, or ``None``.
        """
        return self._add_hook(f, self.teardown_request_funcs)

    @setupmethod
    def context_processor(self, f: T_template_context_processor) -> T_template_context_processor:
        """Add the names that a function returns to the context of every template."""
        return self._add_hook(f, self.template_context_processors)

    @setupmethod
    def url_value_preprocessor(self, f: T_url_value_preprocessor) -> T_url_value_preprocessor:
        """Call a function with endpoint and URL values, before other hooks."""
        return self._add_hook(f, self.url_value_preprocessors)

    @setupmethod
    def url_defaults(self, f: T_url_defaults) -> T_url_defaults:
        """Call a function with endpoint and values when a URL is built."""
        return self._add_hook(f, self.url_default_functions)

    # Error handlers ------------------------------------------------------------------------------

    @setupmethod
    def errorhandler(
        self, code_or_exception: type[Exception] | int
    ) -> Callable[[T_error_handler], T_error_handler]:
        """Register the decorated function as an error handler.

        :param code_or_exception: an HTTP status or an exception class, such as ``404`` or
            ``ValueError``. The handler gets exceptions of subclasses too.
        """

        def register(f: T_error_handler) -> T_error_handler:
            self.register_error_handler(code_or_exception, f)
            return f

        return register

    @setupmethod
    def register_error_handler(
        self, code_or_exception: type[Exception] | int, f: ft.ErrorHandlerCallable
    ) -> None:
        """Register a function as an error handler; see `errorhandler`.

        :raises ValueError: no HTTP exception has that status, or it is not an exception class.
        :raises TypeError: it is an instance of an exception.
        """
        kind, status = self._get_exc_class_and_code(code_or_exception)
        self.error_handler_spec[None][status][kind] = f

    @staticmethod
    def _get_exc_class_and_code(
        exc_class_or_code: type[Exception] | int,
    ) -> tuple[type[Exception], int | None]:
        """Return an exception class and its HTTP status (``None`` if it has none)."""
        return find_error_class(exc_class_or_code)


def _endpoint_from_view_func(view_func: ft.RouteCallable) -> str:
    """Return the default endpoint of a view: its name."""
    assert view_func is not None, "expected view func if endpoint is not provided."
    name: str = view_func.__name__
    return name
