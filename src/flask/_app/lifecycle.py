"""One request, from the server's call to the last teardown, in order of events.

Read it top to bottom: each method is called by one above it. The names are Flask's, because
subclasses and extensions override these steps, on classes and on instances. So each step is called
as a method, and one step leaves what the next one needs on the request context.

The steps serve both protocols; only ``_answer`` and ``do_teardown_request`` distinguish them.
Errors propagate by ``raise``. No step reads a proxy.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable
from types import FunctionType, TracebackType

from werkzeug.exceptions import BadRequestKeyError, HTTPException, InternalServerError
from werkzeug.routing import RoutingException

from .. import typing as ft
from .._core.awaitables import NOT_AWAITABLE, wait_if_awaitable
from .._core.baseline import Baseline
from .._core.current import get_app_context, get_request_context
from .._core.hook_registers import EndpointHooks
from .._core.waiting import wait
from .._http.body_kind import GIVEN
from .._http.json_responses import respond
from .._http.make_response import to_response
from ..ctx import RequestContext
from ..debughelpers import FormDataRoutingRedirect
from ..signals import (
    got_request_exception,
    request_finished,
    request_started,
)
from ..wrappers import Request, Response
from . import teardown
from .background import WAITING_TASKS
from .error_handlers import make_not_found
from .fast_paths import METHODS
from .lifespan import Lifespan
from .request_checks import explain_error, explain_http_error, loses_body, wait_for_response
from .serving import ServingApp

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ExcInfo: t.TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]

_FINALIZING_FAILED = "Request finalizing failed with an error while handling an error"
_new_object = object.__new__


class Lifecycle(ServingApp):
    """An application that serves requests."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._lifespan = Lifespan()

    # 1. The server calls -------------------------------------------------------------------------

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333).

        To put middleware around the application, wrap this and not the application:
        ``app.wsgi_app = Middleware(app.wsgi_app)``.

        :param environ: the WSGI environment.
        :param start_response: takes status and headers.
        :returns: the body.
        """
        return self._answer(self.request_context(environ), start_response)  # type: ignore[no-any-return]

    def _answer(
        self, context: RequestContext, start_response: StartResponse | None = None
    ) -> t.Any:
        """Answer the request of a context; without ``start_response`` the context delivers."""
        error: BaseException | None = None
        try:
            try:
                context.push()
                response = self.full_dispatch_request()
            except Exception as raised:
                error = raised
                response = self.handle_exception(raised)
            except BaseException as raised:
                error = raised
                raise
            if start_response is None:
                return context.deliver(response)
            if context._request is not None and WAITING_TASKS in context._known:
                self._lifespan.background.start_after(self, context._known, response)
            if type(response) is Response:
                # PERF: a method call; calling an object goes through C, 0.06 us more.
                return response.__call__(context._environ, start_response)
            return response(context._environ, start_response)
        except BaseException:
            if start_response is not None:  # the server has no response to close
                self._lifespan.background.start_waiting(self, context._known)
            raise
        finally:
            if "werkzeug.debug.preserve_context" in context._known:
                # The debugger's shell and the test client use the contexts after the request.
                preserve = context._known["werkzeug.debug.preserve_context"]
                preserve(get_app_context())
                preserve(get_request_context())
            if error is not None and self.should_ignore_error(error):
                error = None
            try:
                context.pop(error)
            finally:
                error = None  # avoid a reference cycle

    # 2. Hooks before, the view, hooks after ------------------------------------------------------

    def full_dispatch_request(self) -> Response:
        """Call hooks and view; an error goes to its handler.

        :returns: the response.
        """
        if not self._got_first_request:
            self._start_serving()
        answer: t.Any = None
        # PERF: a step that would do nothing is not called, unless it is overridden.
        fast = self._fast_paths
        may_skip_steps = fast.steps
        context = get_request_context()
        request = context._request
        rule = context._url_rule if request is None else request.url_rule
        hooks = fast.hooks.by_endpoint.get(None if rule is None else rule.endpoint)
        if hooks is None:
            hooks = self._find_hooks(context)
        context._hooks = hooks
        try:
            if request_started.receivers:
                request_started.send(self, _async_wrapper=self.ensure_sync)
                hooks = context._hooks = self._find_hooks(context)
            if hooks.any_before or not may_skip_steps:
                answer = self.preprocess_request()
            if rule is None and answer is None:
                answer = make_not_found(self, context)
            if answer is None:
                answer = self.dispatch_request()
        except Exception as error:
            answer = self.handle_user_exception(error)
        try:
            if not may_skip_steps:
                return self.finalize_request(answer)
            response = self.make_response(answer)
            request = context._request
            if request is not None and request.url_rule is not rule:  # the application changed it
                hooks = context._hooks = self._find_hooks(context)
            if (
                hooks.after
                or context._open_session is not None
                or context._after is not None
                or ("HTTP_COOKIE" in context._known and context._may_save_session())
            ):
                response = self.process_response(response)
            if request_finished.receivers:
                request_finished.send(self, _async_wrapper=self.ensure_sync, response=response)
            return response
        finally:
            del answer  # it may be the error: avoid a reference cycle

    def _find_hooks(self, context: RequestContext) -> EndpointHooks:
        """Return the hooks for a request, whose rule the application may have changed."""
        hooks, request = context._hooks, context._request
        if hooks is not None and (request is None or request.url_rule is context._url_rule):
            return hooks
        endpoint, index = context._endpoint, self._fast_paths.hooks
        return index.by_endpoint.get(endpoint) or index.find(self, endpoint)

    def _start_serving(self) -> None:
        """Run startup at the first request, unless a server has run it."""
        self._lifespan.start_by_request(self)

    def preprocess_request(self) -> ft.ResponseReturnValue | None:
        """Call the hooks that run before the view.

        First all ``url_value_preprocessor`` functions, then ``before_request`` functions until
        one returns a value; that is the answer then. Both from the application inward.
        """
        context = get_request_context()
        hooks = context._hooks or self._find_hooks(context)
        awaits = self._fast_paths.sync
        for functions in hooks.preprocessors:
            for prepare in functions:
                prepare(context._endpoint, context.request.view_args)
        for functions in hooks.before:
            hook: Callable[..., t.Any]
            for hook in functions:
                # PERF: what `ensure_sync` does happens below, where its result is awaited.
                answer: ft.ResponseReturnValue | None
                answer = hook() if awaits else self.ensure_sync(hook)()
                if answer is not None:
                    answer = wait_if_awaitable(answer)
                    if answer is not None:
                        context._answered_by = hook
                        return answer
        return None

    def dispatch_request(self) -> ft.ResponseReturnValue:
        """Call the view of the current request.

        :returns: whatever the view returns.
        :raises werkzeug.exceptions.HTTPException: routing failed.
        """
        context = get_request_context()
        request = context._request
        # Without a request object, routing's result is unchanged, and the method is not OPTIONS.
        if request is None:
            if context._routing_exception is not None:
                self.raise_routing_exception(context.request)
            rule, arguments = context._url_rule, context._view_args
        else:
            if request.routing_exception is not None:
                self.raise_routing_exception(request)
            rule = request.url_rule
            arguments = request.view_args
            if request.method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
                return self.make_default_options_response()
        view: t.Any = self.view_functions[rule.endpoint]
        fast = context._fast_paths
        is_awaited = fast.views.get(view) if type(view) is FunctionType else None
        if is_awaited is None:
            view = self._sync_view(view, fast)
        answer: ft.ResponseReturnValue = view(**arguments) if arguments else view()
        if is_awaited:
            answer = wait(answer)  # type: ignore[arg-type]
        return answer

    def raise_routing_exception(self, request: Request) -> t.NoReturn:
        """Raise what routing found wrong with a request.

        :raises FormDataRoutingRedirect: in debug mode, where the redirect would lose the body.
        """
        error = request.routing_exception
        assert error is not None
        if self.debug and loses_body(error, request.method):
            raise FormDataRoutingRedirect(request)
        raise error

    # 3. An error goes to its handler -------------------------------------------------------------

    def handle_user_exception(self, e: Exception) -> HTTPException | ft.ResponseReturnValue:
        """Answer an error that was raised before there was a response.

        :returns: what its handler returns.
        :raises Exception: the error itself, if no handler is registered for it.
        """
        if isinstance(e, HTTPException):
            config = self.config
            if isinstance(e, BadRequestKeyError) or config["DEBUG"] or config["TESTING"]:
                explain_http_error(self, e)
            if not self.trap_http_exception(e):
                return self.handle_http_exception(e)
        context = get_request_context()
        handler = self._find_error_handler(e, context._blueprints)
        if handler is None:
            try:
                raise e
            finally:
                del e  # avoid a reference cycle
        context._answered_by = handler
        return wait_if_awaitable(self.ensure_sync(handler)(e))  # type: ignore[no-any-return]

    def handle_http_exception(self, e: HTTPException) -> HTTPException | ft.ResponseReturnValue:
        """Answer an HTTP exception: by its handler, else as it is.

        Exceptions without a code, and those that routing raises for itself, have no handlers.
        """
        if e.code is None or isinstance(e, RoutingException):
            return e
        context = get_request_context()
        handler = self._find_error_handler(e, context._blueprints)
        if handler is None:
            return e if self._describe_error is None and not self.debug else self._describe(e)
        context._answered_by = handler
        return wait_if_awaitable(self.ensure_sync(handler)(e))  # type: ignore[no-any-return]

    # 4. The answer becomes a response, and hooks see it ------------------------------------------

    def finalize_request(
        self,
        rv: ft.ResponseReturnValue | HTTPException,
        from_error_handler: bool = False,
    ) -> Response:
        """Make the response and call the hooks that run after the view.

        :param rv: what the view or the handler returned.
        :param from_error_handler: the response is for an unhandled error: an error in the hooks is
            only logged then.
        """
        response = self.make_response(rv)
        try:
            response = self.process_response(response)
            if request_finished.receivers:
                request_finished.send(self, _async_wrapper=self.ensure_sync, response=response)
        except Exception:
            if not from_error_handler:
                raise
            self._log("exception", _FINALIZING_FAILED)
        return response

    def make_response(self, rv: ft.ResponseReturnValue) -> Response:
        """Make a response from what a view returns; it may be an awaitable.

        :param rv: see ``_http.make_response.to_response``.
        :raises TypeError: a view may not return such a value.
        """
        # PERF: the usual cases first, and `make_text_response` inlined.
        kind = type(rv)
        if kind is str:
            fast = self._fast_paths
            if fast.response_class is not None:
                response: Response = _new_object(fast.response_class)
                response._body = rv.encode()  # type: ignore[union-attr]
                response._content_type = fast.text_type
                response._headers = response._more_headers = None
                response._kind = GIVEN
                response._status_code = 200
                response._status = "200 OK"
                return response
        elif kind is dict or kind is list:
            return respond(self, rv) or self.json.response(rv)  # type: ignore[return-value]
        elif kind is self._fast_paths.response_class or kind is self.response_class:
            return rv  # type: ignore[return-value]
        if (
            kind not in NOT_AWAITABLE
            and not isinstance(rv, HTTPException)
            and hasattr(rv.__class__, "__await__")
        ):
            return self._make_awaited(rv)
        return to_response(self, rv)  # type: ignore[return-value]

    def _make_awaited(self, rv: t.Any) -> Response:
        """Make a response from an awaitable; an error goes to its handler."""
        try:
            rv = wait(rv)
        except Exception as error:
            rv = self.handle_user_exception(error)
        return self.make_response(rv)

    def process_response(self, response: Response) -> Response:
        """Call the ``after_request`` functions, and save the session.

        The blueprint's functions come first, the newest of each scope before the older ones.
        """
        context = get_request_context()
        if context._after is not None:
            for after in context._after:
                response = wait_for_response(self.ensure_sync(after)(response), after)
        awaits = self._fast_paths.sync
        for functions in self._find_hooks(context).after:
            hook: Callable[..., t.Any]
            for hook in reversed(functions):
                answer = hook(response) if awaits else self.ensure_sync(hook)(response)
                if answer is not response:
                    response = wait_for_response(answer, hook)
        session = context._open_session
        if context._fast_paths.sessions and session is None:  # it was not accessed
            if "HTTP_COOKIE" not in context._known or not context._may_save_session():
                return response
            session = context._session
        interface = self.session_interface
        if not interface.is_null_session(session):
            interface.save_session(self, session, response)
        return response

    # 5. No handler took the error ----------------------------------------------------------------

    def handle_exception(self, e: Exception) -> Response:
        """Respond to an unhandled error with 500, and log it.

        The client learns nothing about it. If errors propagate (debug, testing,
        ``PROPAGATE_EXCEPTIONS``), it is raised again instead. A handler for 500 gets an
        ``InternalServerError`` with the error as ``original_exception``.

        :param e: the error.
        :raises Exception: the error itself, if errors propagate.
        """
        explain_error(e)
        got_request_exception.send(self, _async_wrapper=self.ensure_sync, exception=e)
        setting = self.config["PROPAGATE_EXCEPTIONS"]
        if self.testing or self.debug if setting is None else setting:
            try:
                raise e
            finally:
                del e  # avoid a reference cycle
        self.log_exception((type(e), e, e.__traceback__))
        answer: t.Any = InternalServerError(original_exception=e)
        handler = self._find_error_handler(answer, get_request_context()._blueprints)
        if handler is not None:
            get_request_context()._answered_by = handler
            answer = wait_if_awaitable(self.ensure_sync(handler)(answer))
        elif self._describe_error is not None:
            answer = self._describe_error(answer)
        return self.finalize_request(answer, from_error_handler=True)

    def log_exception(self, exc_info: ExcInfo | tuple[None, None, None]) -> None:
        """Log an unhandled error of a request at level ERROR.

        :param exc_info: as of ``sys.exc_info()``.
        """
        current = get_request_context().request
        self.logger.error(f"Exception on {current.path} [{current.method}]", exc_info=exc_info)

    def _log(self, level: str, message: str) -> None:
        """Log a message by the logger's method of that name, such as ``"warning"``."""
        getattr(self.logger, level)(message)

    # 6. The context is popped --------------------------------------------------------------------

    do_teardown_request = teardown.do_teardown_request
    do_teardown_appcontext = teardown.do_teardown_appcontext
    _call_teardown_functions = teardown.call_teardown_functions


Lifecycle._unmodified = (Lifecycle, Baseline(Lifecycle, *METHODS))
