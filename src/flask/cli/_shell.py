"""The command ``shell``: Python's own shell, or IPython if it is installed."""

from __future__ import annotations

import importlib.util
import os
import sys
import typing as t

import click

from .._core.current import current_app
from ._script import with_appcontext


class _ShellApp(t.Protocol):
    import_name: str
    instance_path: str

    def make_shell_context(self) -> dict[str, object]: ...


@click.command(
    "shell",
    short_help="Open a Python shell with the app.",
    context_settings={"show_default": True},
)
@click.option(
    "--interface",
    type=click.Choice(["auto", "ipython", "python"]),
    default="auto",
    help="The shell. 'auto' is IPython if it is installed and a user types the input, else"
    " Python's own.",
)
@with_appcontext
def shell_command(interface: str) -> None:
    """Open an interactive Python shell in the application's context.

    It starts with 'app', 'g' and the names of the application's shell context processors. The file
    that PYTHONSTARTUP names is run first, as in Python's own shell.
    """
    app: _ShellApp = current_app._get_current_object()
    banner = (
        f"Python {sys.version} on {sys.platform}\n"
        f"App: {app.import_name}\n"
        f"Instance: {app.instance_path}"
    )
    if _wants_ipython(interface):
        _run_ipython(banner, app.make_shell_context())
    else:
        _run_python(banner, app.make_shell_context)


def _wants_ipython(interface: str) -> bool:
    """Return whether IPython is used.

    :raises click.UsageError: it was chosen, and is not installed.
    """
    if interface == "python":
        return False
    is_installed = _is_ipython_installed()
    if interface == "ipython":
        if not is_installed:
            raise click.UsageError("IPython is not installed. Install it with: pip install ipython")
        return True
    # Input from a file or a pipe is run as Python's own shell does it.
    return is_installed and _is_terminal()


def _is_ipython_installed() -> bool:
    try:
        return importlib.util.find_spec("IPython") is not None
    except ValueError:  # `sys.modules` says that it is missing
        return False


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _run_ipython(banner: str, namespace: dict[str, object]) -> None:
    """Run IPython with its own configuration, which also reads PYTHONSTARTUP."""
    ipython = importlib.import_module("IPython")
    config = importlib.import_module("traitlets.config").Config()
    config.TerminalInteractiveShell.banner1 = f"{banner}\n"
    ipython.start_ipython(argv=[], user_ns=namespace, config=config)


def _run_python(banner: str, make_namespace: t.Callable[[], dict[str, object]]) -> None:
    import code

    namespace: dict[str, object] = {}
    startup = os.environ.get("PYTHONSTARTUP")
    if startup and os.path.isfile(startup):
        with open(startup, "rb") as file:  # bytes: compile() reads the encoding declaration
            exec(compile(file.read(), startup, "exec"), namespace)
    namespace.update(make_namespace())
    _complete_names_of(namespace)
    code.interact(banner=banner, local=namespace)


def _complete_names_of(namespace: dict[str, object]) -> None:
    """Let the tab key complete names of the shell, if Python is configured for completion."""
    hook = getattr(sys, "__interactivehook__", None)
    if hook is None:
        return
    try:
        import readline
        from rlcompleter import Completer
    except ImportError:
        pass  # this Python has no line editing
    else:
        readline.set_completer(Completer(namespace).complete)
    # Called last, because the hook may install another completer.
    hook()
