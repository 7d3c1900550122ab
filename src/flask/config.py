"""The configuration: a dict that can be filled from files, objects and the environment.

Loaders ignore keys that are not in upper case, so helper names in a configuration file do not
become settings. `Config.from_prefixed_env` loads keys in any case.
"""

from __future__ import annotations

import errno
import json
import os
import types
import typing as t
from collections.abc import Callable, Container, Iterable, Mapping
from datetime import timedelta

from werkzeug.datastructures import ImmutableDict
from werkzeug.utils import import_string

Value = t.TypeVar("Value")


class _HasConfig(t.Protocol):
    config: Config


class ConfigAttribute(t.Generic[Value]):
    """An attribute of the application that is stored in its configuration.

    :param name: the configuration key.
    :param get_converter: applied to the stored value at each read, such as seconds to `timedelta`.
    """

    def __init__(self, name: str, get_converter: Callable[[t.Any], Value] | None = None) -> None:
        self.__name__ = name
        self.get_converter = get_converter

    @t.overload
    def __get__(self, obj: None, owner: type) -> t.Self: ...

    @t.overload
    def __get__(self, obj: _HasConfig, owner: type) -> Value: ...

    def __get__(self, obj: _HasConfig | None, owner: type | None = None) -> t.Self | Value:
        if obj is None:
            return self
        value = obj.config[self.__name__]
        return value if self.get_converter is None else self.get_converter(value)

    def __set__(self, obj: _HasConfig, value: object) -> None:
        obj.config[self.__name__] = value


class Config(dict[str, t.Any]):
    """A dict of settings, with methods to load them.

    :param root_path: folder that relative file names start from; the application's root path, or
        its instance path with ``instance_relative_config=True``.
    :param defaults: initial settings.
    """

    def __init__(
        self,
        root_path: str | os.PathLike[str],
        defaults: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(defaults or {})
        self.root_path = root_path

    def from_object(self, obj: object | str) -> None:
        """Load the upper-case attributes of an object, a class or a module.

        :param obj: the object, or its import name (``"package.module"`` or
            ``"package.module.ClassName"``).
        :raises ImportError: nothing can be imported by that name.
        """
        if isinstance(obj, str):
            obj = import_string(obj)
        names = dir(obj)
        self.update((key, getattr(obj, key)) for key in names if key.isupper())
        self._warn_about_case(names, getattr(obj, "__file__", "") or getattr(obj, "__name__", ""))

    def from_pyfile(self, filename: str | os.PathLike[str], silent: bool = False) -> bool:
        """Run a Python file and load the upper-case names that it defines.

        :param filename: absolute, or relative to `root_path`; any extension.
        :param silent: return ``False`` for a missing file instead of raising.
        :returns: whether the file was loaded.
        :raises OSError: the file cannot be read. The text of the error names the path.
        """
        path = os.path.join(self.root_path, filename)
        source = _read(path, silent)
        if source is None:
            return False
        module = types.ModuleType("config")
        module.__file__ = path
        exec(compile(source, path, "exec"), module.__dict__)
        self.from_object(module)
        return True

    def from_envvar(self, variable_name: str, silent: bool = False) -> bool:
        """Load the Python file whose path is in an environment variable.

        :param silent: return ``False`` for an unset variable or a missing file.
        :raises RuntimeError: the variable is not set.
        """
        path = os.environ.get(variable_name)
        if path:
            return self.from_pyfile(path, silent=silent)
        if silent:
            return False
        raise RuntimeError(
            f"The environment variable {variable_name!r} is not set and as such configuration"
            " could not be loaded. Set this variable and make it point to a configuration file"
        )

    def from_prefixed_env(
        self, prefix: str = "FLASK", *, loads: Callable[[str], object] = json.loads
    ) -> bool:
        """Load every environment variable that starts with a prefix and ``_``.

        ``FLASK_DEBUG=true`` sets ``DEBUG`` to ``True``. A double underscore sets an entry of a
        nested dict: ``FLASK_DATABASE__PORT=5432`` sets ``config["DATABASE"]["PORT"]``.

        :param loads: parses each value; a value that it cannot parse stays a string.
        :returns: always ``True``.
        :raises TypeError: a variable sets an entry of a value that is not a dict. The text names
            both variables.
        """
        start = f"{prefix}_"
        for name in sorted(os.environ):
            if name.startswith(start):
                try:
                    self._set_nested(name.removeprefix(start), _parsed(os.environ[name], loads))
                except TypeError as error:
                    if "__" not in name.removeprefix(start):
                        raise
                    raise TypeError(_explain_conflict(name, start)) from error
        return True

    def _set_nested(self, dotted: str, value: object) -> None:
        """Set ``A__B__C`` as ``self["A"]["B"]["C"]``; missing dicts are created."""
        if "__" not in dotted:
            self[dotted] = value
            return
        target = self
        *outer, last = dotted.split("__")
        for part in outer:
            if part not in target:
                target[part] = {}
            target = target[part]
        target[last] = value

    def from_file(
        self,
        filename: str | os.PathLike[str],
        load: Callable[[t.IO[t.Any]], Mapping[str, object]],
        silent: bool = False,
        text: bool = True,
    ) -> bool:
        """Load the upper-case keys of a data file, such as TOML or JSON.

        :param filename: absolute, or relative to `root_path`.
        :param load: reads the open file and returns a mapping: ``json.load``, ``tomllib.load``.
        :param silent: return ``False`` for a missing file.
        :param text: open the file in text mode. ``tomllib.load`` needs ``False``.
        :raises OSError: the file cannot be read. The text of the error names the path.
        """
        path = os.path.join(self.root_path, filename)
        try:
            with open(path, "r" if text else "rb") as file:
                settings = load(file)
        except OSError as error:
            if silent and error.errno in {errno.ENOENT, errno.EISDIR}:
                return False
            raise _explained(error) from None
        return self.from_mapping(settings)

    def from_mapping(self, mapping: Mapping[str, object] | None = None, **kwargs: object) -> bool:
        """Load the upper-case keys of a mapping and of keyword arguments.

        :returns: always ``True``.
        """
        settings = {} if mapping is None else dict(mapping)
        settings.update(kwargs)
        self.update((key, value) for key, value in settings.items() if key.isupper())
        self._warn_about_case(settings, "", given=kwargs if self.get("DEBUG") else ())
        return True

    def get_namespace(
        self, namespace: str, lowercase: bool = True, trim_namespace: bool = True
    ) -> dict[str, t.Any]:
        """Return the settings whose key starts with a prefix, as a dict.

        :param namespace: the prefix, such as ``"MAIL_"``.
        :param lowercase: convert the keys to lower case, so they can be keyword arguments.
        :param trim_namespace: remove the prefix from the keys.
        """
        found: dict[str, object] = {}
        for key, value in self.items():
            if key.startswith(namespace):
                name = key[len(namespace) :] if trim_namespace else key
                found[name.lower() if lowercase else name] = value
        return found

    def __missing__(self, key: str) -> t.NoReturn:
        """Raise ``KeyError`` for a key that is not set.

        In debug mode a note names a similar key.
        """
        error = KeyError(key)
        if self.get("DEBUG"):
            from ._core.user_code import suggest

            suggestion = suggest(key, self)
            if suggestion:
                error.add_note(f"The configuration has no key {key!r}.{suggestion}")
        raise error

    def _warn_about_case(
        self, names: Iterable[str], source: str, given: Container[str] = ()
    ) -> None:
        """Warn about keys that are ignored because they are not in upper case.

        :param names: the names that were loaded.
        :param source: the file or the object that has them; empty for a mapping.
        :param given: names that are settings in any case; of the others only the built-in ones are.
        """
        wrong = [
            name
            for name in names
            if not name.isupper()
            and (name in given or name.upper() in DEFAULT_CONFIG)
            and name.upper() not in names
        ]
        if wrong:
            from ._core.user_code import warn_about_call

            ignored = ", ".join(f"{name!r}" for name in wrong)
            keys = ", ".join(f"{name.upper()!r}" for name in wrong)
            where = f" of {source}" if source else ""
            warn_about_call(
                f"The configuration ignores {ignored}{where}, because its keys are in upper case."
                f" Write {keys}."
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {super().__repr__()}>"


def _read(path: str, silent: bool) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        if silent and error.errno in {errno.ENOENT, errno.EISDIR, errno.ENOTDIR}:
            return None
        raise _explained(error) from None


def _explain_conflict(name: str, start: str) -> str:
    """Return the error text for a variable that sets an entry of a value that is not a dict.

    :param name: the name of the variable.
    :param start: the prefix of all such variables.
    """
    *outer, _ = name.removeprefix(start).split("__")
    holders = [f"{start}{'__'.join(outer[:length])}" for length in range(len(outer), 0, -1)]
    holder = next((holder for holder in holders if holder in os.environ), None)
    if holder is None:
        return (
            f"The environment variable {name!r} sets an entry of a dict, but {outer[0]!r} in the"
            " configuration is not a dict. Remove the variable or the setting."
        )
    return (
        f"The environment variables {holder!r} and {name!r} contradict each other: the second sets"
        " an entry of a dict, but the value of the first is not a dict. Remove one of them."
    )


def _parsed(text: str, loads: Callable[[str], object]) -> object:
    try:
        return loads(text)
    except Exception:
        # Any parser may be passed, so any error means that the text itself is the setting.
        return text


def _explained(error: OSError) -> OSError:
    """Return the same error, with a text that names the failed operation.

    A note names the file of the folder that was probably meant.
    """
    error.strerror = f"Unable to load configuration file ({error.strerror})"
    if error.errno == errno.ENOENT:
        from ._core.user_code import suggest

        folder, name = os.path.split(error.filename)
        try:
            suggestion = suggest(name, os.listdir(folder))
        except OSError:  # the folder does not exist either
            suggestion = ""
        if suggestion:
            error.add_note(f"The folder {folder} has no file {name!r}.{suggestion}")
    return error


DEFAULT_CONFIG: t.Final = ImmutableDict(
    {
        "APPLICATION_ROOT": "/",
        "ASGI_BODY_MEMORY_SIZE": 67_108_864,
        "ASGI_QUEUE_SIZE": 1_000,
        "ASGI_THREADS": 40,
        "BACKGROUND_TASK_SHUTDOWN_TIMEOUT": 5,
        "BROWSER_AUTO_RELOAD": True,
        "CANCEL_ON_DISCONNECT": False,
        "DEBUG": None,
        "EXPLAIN_TEMPLATE_LOADING": False,
        "MAX_CONTENT_LENGTH": None,
        "MAX_COOKIE_SIZE": 4093,
        "MAX_FILE_MEMORY_SIZE": 2_097_152,
        "MAX_FORM_MEMORY_SIZE": 500_000,
        "MAX_FORM_PARTS": 1_000,
        "PERMANENT_SESSION_LIFETIME": timedelta(days=31),
        "PREFERRED_URL_SCHEME": "http",
        "PROPAGATE_EXCEPTIONS": None,
        "PROVIDE_AUTOMATIC_OPTIONS": True,
        "SECRET_KEY": None,
        "SECRET_KEY_FALLBACKS": None,
        "SEND_FILE_MAX_AGE_DEFAULT": None,
        "SERVER_NAME": None,
        "SESSION_CONFLICT": "merge",
        "SESSION_COOKIE_DOMAIN": None,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_NAME": "session",
        "SESSION_COOKIE_PARTITIONED": False,
        "SESSION_COOKIE_PATH": None,
        "SESSION_COOKIE_SAMESITE": None,
        "SESSION_COOKIE_SECURE": False,
        "SESSION_OVERFLOW": "warn",
        "SESSION_REFRESH_EACH_REQUEST": True,
        "SESSION_STORE": None,
        "SESSION_STORE_ERRORS": "503",
        "SESSION_STORE_LIFETIME": timedelta(days=1),
        "TEMPLATES_AUTO_RELOAD": None,
        "TESTING": False,
        "TRAP_BAD_REQUEST_ERRORS": None,
        "TRAP_HTTP_EXCEPTIONS": False,
        "TRUSTED_HOSTS": None,
        "USE_X_SENDFILE": False,
        "WEBSOCKET_MAX_MESSAGE_SIZE": 1024 * 1024,
        "TRUSTED_PROXIES": None,
        "TRUSTED_PROXY_HEADER": None,
        "API_VALIDATE_RESPONSES": None,
        "API_VALIDATION_STATUS": 422,
        "WEBSOCKET_ORIGINS": None,
    }
)
"""Every built-in configuration key with its default."""
