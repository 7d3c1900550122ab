"""An ASGI connection to an application in this process, which replaces a server in tests.

A `Connection` belongs to a running event loop. A `LoopThread` runs one for synchronous code.
"""

from __future__ import annotations

import asyncio
import threading
import typing as t
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextvars import copy_context
from io import BytesIO

from .._core.current import BY_CLIENT
from .._core.event_loops import close_loop

Result = t.TypeVar("Result")
Message: t.TypeAlias = t.MutableMapping[str, t.Any]
Receive: t.TypeAlias = Callable[[], Awaitable[Message]]
Send: t.TypeAlias = Callable[[Message], Awaitable[None]]
AsgiCallable: t.TypeAlias = Callable[[t.Any, Receive, Send], Awaitable[None]]

_CHUNK = 65536  # bytes of the body in one message, as servers send it


class Connection:
    """An ASGI connection on a running event loop.

    :param app: the application.
    :param scope: the scope of the connection.
    """

    def __init__(self, app: AsgiCallable, scope: Message) -> None:
        self.scope = scope
        scope[BY_CLIENT] = True
        self._app = app
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._error: BaseException | None = None

    def start(self) -> None:
        """Call the application."""
        # In the caller's context, so the contexts that are current there are current here.
        self._task = asyncio.get_running_loop().create_task(self._serve(), context=copy_context())

    async def _serve(self) -> None:
        try:
            await self._app(self.scope, self._to_app.get, self._from_app.put)
        except (SystemExit, KeyboardInterrupt) as error:
            self._error = error  # raised in `end`, because asyncio would stop the loop
        finally:
            self._from_app.put_nowait(None)

    def send(self, message: Message) -> None:
        """Send a message to the application."""
        self._to_app.put_nowait(message)

    async def receive(self) -> Message | None:
        """Return the application's next message; ``None`` if the application has ended.

        :raises BaseException: the error of the application.
        """
        message = await self._from_app.get()
        if message is None:
            self._from_app.put_nowait(None)
            await self.end()
        return message

    async def end(self) -> None:
        """Wait until the application has ended; raise its error."""
        task, self._task = self._task, None
        if task is not None:
            try:
                await task
            finally:
                del task
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error

    # HTTP ----------------------------------------------------------------------------------------

    def send_body(self, body: t.IO[bytes] | None) -> None:
        """Send the request's body, in messages of moderate size.

        :param body: a file; ``None``: the body is empty.
        """
        if body is None:
            body = BytesIO()
        chunk = body.read(_CHUNK)
        while chunk:
            following = body.read(_CHUNK)
            self.send({"type": "http.request", "body": chunk, "more_body": bool(following)})
            if not following:
                return
            chunk = following
        self.send({"type": "http.request", "body": b"", "more_body": False})

    def disconnect(self) -> None:
        """Notify the application that the client disconnected."""
        self.send({"type": "http.disconnect"})

    async def head(self) -> tuple[str, list[tuple[str, str]]]:
        """Return the status line and the headers of the response."""
        message = await self.receive()
        if message is None:
            raise AssertionError("The application ended without an answer.")
        assert message["type"] == "http.response.start", message
        headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in message["headers"]]
        return str(message["status"]), headers

    async def next_part(self) -> bytes | None:
        """Return the next part of the response's body; ``None`` at its end."""
        message = await self.receive()
        if message is None:
            return None
        assert message["type"] == "http.response.body", message
        if not message.get("more_body", False):
            self.disconnect()  # as servers do after the response
            await self.end()
            self._from_app.put_nowait(None)
        part: bytes = message.get("body", b"")
        return part

    async def parts(self) -> AsyncIterator[bytes]:
        """Yield the parts of the response's body."""
        while (part := await self.next_part()) is not None:
            if part:
                yield part


# Lifespan ---------------------------------------------------------------------------------------


class Lifespan:
    """The lifespan of an application on a running event loop, as a server runs it.

    :param app: the application.
    """

    def __init__(self, app: AsgiCallable) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
        self._connection = Connection(app, scope)

    async def start(self) -> None:
        """Run the startup of the application.

        :raises RuntimeError: it failed.
        """
        self._connection.start()
        await self._exchange("startup")

    async def stop(self) -> None:
        """Run the shutdown of the application.

        :raises RuntimeError: it failed.
        """
        await self._exchange("shutdown")
        await self._connection.end()

    async def _exchange(self, what: str) -> None:
        self._connection.send({"type": f"lifespan.{what}"})
        answer = await self._connection.receive()
        if answer is None or answer["type"] != f"lifespan.{what}.complete":
            reason = "" if answer is None else answer.get("message", "")
            raise RuntimeError(f"The application's {what} failed. {reason}")


# A loop for synchronous code --------------------------------------------------------------------


class LoopThread:
    """An event loop in a thread; it stops when this object is deleted."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        thread = threading.Thread(
            target=_run_loop, args=(self._loop,), name="flask-test-loop", daemon=True
        )
        thread.start()
        self._finalizer = weakref.finalize(self, _stop_loop, self._loop, thread)

    def run(self, coroutine: Coroutine[object, None, Result]) -> Result:
        """Run a coroutine on the loop, in a copy of the caller's context."""
        context = copy_context()
        done = threading.Event()
        outcome: list[Result] = []
        failure: list[BaseException] = []

        async def run() -> None:
            try:
                outcome.append(await coroutine)
            except BaseException as error:
                failure.append(error)
            done.set()

        tasks: list[asyncio.Task[None]] = []  # the loop itself holds tasks only weakly
        self._loop.call_soon_threadsafe(
            lambda coroutine: tasks.append(self._loop.create_task(coroutine, context=context)),
            run(),
        )
        done.wait()
        if failure:
            raise failure.pop()  # the frame does not hold the error: no reference cycle
        return outcome.pop()

    def close(self) -> None:
        """Stop the loop, and cancel its tasks."""
        self._finalizer()


def _run_loop(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    close_loop(loop)


def _stop_loop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(loop.stop)
        if thread is not threading.current_thread():
            thread.join()
