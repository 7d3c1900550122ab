"""Types of options that click does not have: a certificate, and several paths in one value."""

from __future__ import annotations

import importlib
import typing as t

import click
from werkzeug.utils import import_string

if t.TYPE_CHECKING:
    _ParamType = click.ParamType[t.Any]
else:
    _ParamType = click.ParamType  # COMPAT: not generic before click 8.4


class CertParamType(_ParamType):
    """The type of ``--cert``: a file, ``adhoc``, or an import path.

    It converts the value to the file's absolute path, to ``"adhoc"``, or to the imported
    ``SSLContext``. An existing file takes precedence.
    """

    name = "path"
    path_type = click.Path(exists=True, dir_okay=False, resolve_path=True)

    def convert(
        self, value: t.Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        """Convert a value of the option.

        :raises click.BadParameter: the value is none of the three, Python has no ``ssl`` module, or
            the value is ``adhoc`` and cryptography is not installed.
        """
        try:
            import ssl
        except ImportError:
            raise click.BadParameter(
                'Using "--cert" requires Python to be compiled with SSL support.', ctx, param
            ) from None

        # click may convert a default twice, so a converted value is returned unchanged.
        if isinstance(value, ssl.SSLContext):
            return value
        try:
            return self.path_type.convert(value, param, ctx)
        except click.BadParameter as error:
            no_such_file = error

        text = str(value)
        if text.lower() == "adhoc":
            return self._check_adhoc(param, ctx)
        # import_string() returns None for a missing name, but raises an error for an invalid one.
        is_name = text != "" and not text.startswith(".")
        found = import_string(text, silent=True) if is_name else None
        if isinstance(found, ssl.SSLContext):
            return found
        raise no_such_file

    def _check_adhoc(self, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            importlib.import_module("cryptography")
        except ImportError:
            raise click.BadParameter(
                "Using ad-hoc certificates requires the cryptography library.", ctx, param
            ) from None
        return "adhoc"


def join_certificate_and_key(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> str | None:
    """Combine ``--cert`` and ``--key``: the pair becomes ``cert``.

    It is the callback of ``--key``. ``--cert`` is an eager option, so it was parsed before.

    :raises click.BadParameter: one of the two is missing, or the certificate needs no key.
    """
    cert = ctx.params.get("cert")
    is_file = isinstance(cert, str) and cert != "adhoc"  # a file's path is absolute

    if value is None:
        if is_file:
            raise click.BadParameter('Required when using "--cert".', ctx, param)
    elif cert is None:
        raise click.BadParameter('"--cert" must also be specified.', ctx, param)
    elif not is_file:
        kind = '"adhoc"' if cert == "adhoc" else "an SSLContext object"
        raise click.BadParameter(f'When "--cert" is {kind}, "--key" is not used.', ctx, param)
    else:
        ctx.params["cert"] = cert, value
    return value


class SeparatedPathType(click.Path):
    """Several paths in one value, separated by ``:``, or by ``;`` on Windows.

    It converts the value to a list. Each path is checked as `click.Path` does.
    """

    def convert(
        self,
        value: t.Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> t.Any:
        """Split a value and convert each part; a list is not split.

        :raises click.BadParameter: one of the paths is not valid.
        """
        parts = value if isinstance(value, (list, tuple)) else self.split_envvar_value(value)
        return [super(SeparatedPathType, self).convert(part, param, ctx) for part in parts]
