"""Security schemes: how a client authenticates, as the document says it.

A scheme documents. The check stays with the application's decorator; `documents` connects both.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

View = t.TypeVar("View", bound=Callable[..., object])


class Scheme(t.Protocol):
    """A way to authenticate, such as `Bearer`, or a class of your own."""

    @property
    def name(self) -> str:
        """The name in ``components/securitySchemes``."""
        ...

    def to_schema(self) -> dict[str, object]:
        """Return the Security Scheme Object (OpenAPI 3.1.1, section 4.8.27)."""
        ...


def _describe(fields: dict[str, object], description: str) -> dict[str, object]:
    return {**fields, "description": description} if description else fields


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token in the ``Authorization`` header (RFC 6750).

    :param name: the name in the document.
    :param format: what the token is, such as ``"JWT"``; a hint for readers.
    :param description: how to get a token, in CommonMark.
    """

    name: str = "bearer"
    format: str = ""
    description: str = ""

    def to_schema(self) -> dict[str, object]:
        """Return the HTTP scheme ``bearer``."""
        fields: dict[str, object] = {"type": "http", "scheme": "bearer"}
        if self.format:
            fields["bearerFormat"] = self.format
        return _describe(fields, self.description)


@dataclass(frozen=True, slots=True)
class Basic:
    """User name and password in the ``Authorization`` header (RFC 7617).

    :param name: the name in the document.
    :param description: which accounts there are, in CommonMark.
    """

    name: str = "basic"
    description: str = ""

    def to_schema(self) -> dict[str, object]:
        """Return the HTTP scheme ``basic``."""
        return _describe({"type": "http", "scheme": "basic"}, self.description)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key in a header, a cookie or the query string.

    :param key: the name of the header, the cookie or the parameter.
    :param place: where it is.
    :param name: the name in the document; the key's by default.
    :param description: how to get a key, in CommonMark.
    """

    key: str
    place: t.Literal["header", "cookie", "query"] = "header"
    name: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        if self.place not in {"header", "cookie", "query"}:
            raise ValueError(
                f"The place of ApiKey({self.key!r}) is {self.place!r}. It is 'header', 'cookie' or"
                " 'query'."
            )
        if not self.name:
            object.__setattr__(self, "name", self.key)

    def to_schema(self) -> dict[str, object]:
        """Return the scheme ``apiKey``."""
        fields: dict[str, object] = {"type": "apiKey", "name": self.key, "in": self.place}
        return _describe(fields, self.description)


@dataclass(frozen=True, slots=True)
class OAuth2:
    """A token of an OAuth 2.0 server (RFC 6749).

    :param name: the name in the document.
    :param flow: how a client gets a token.
    :param authorization_url: the authorization endpoint, which ``authorizationCode`` and
        ``implicit`` need.
    :param token_url: the token endpoint, which all flows except ``implicit`` need.
    :param refresh_url: the endpoint for refresh tokens.
    :param scopes: the scopes, each with a description.
    :param description: what a reader needs to know, in CommonMark.
    :raises ValueError: an endpoint of the flow is missing.
    """

    name: str = "oauth2"
    flow: t.Literal["authorizationCode", "clientCredentials", "implicit", "password"] = (
        "authorizationCode"
    )
    authorization_url: str = ""
    token_url: str = ""
    refresh_url: str = ""
    scopes: Mapping[str, str] = field(default_factory=dict)
    description: str = ""

    def __post_init__(self) -> None:
        needed = {
            "authorizationCode": ("authorization_url", "token_url"),
            "clientCredentials": ("token_url",),
            "implicit": ("authorization_url",),
            "password": ("token_url",),
        }.get(self.flow)
        if needed is None:
            raise ValueError(f"{self.flow!r} is not a flow of OAuth 2.0 that OpenAPI knows.")
        missing = [name for name in needed if not getattr(self, name)]
        if missing:
            raise ValueError(
                f"OAuth2({self.name!r}) has the flow {self.flow!r}, which needs"
                f" {' and '.join(missing)}."
            )

    def to_schema(self) -> dict[str, object]:
        """Return the scheme ``oauth2`` with its flow."""
        flow: dict[str, object] = {}
        if self.authorization_url:
            flow["authorizationUrl"] = self.authorization_url
        if self.token_url:
            flow["tokenUrl"] = self.token_url
        if self.refresh_url:
            flow["refreshUrl"] = self.refresh_url
        flow["scopes"] = dict(self.scopes)
        return _describe({"type": "oauth2", "flows": {self.flow: flow}}, self.description)


@dataclass(frozen=True, slots=True)
class OpenID:
    """A token of an OpenID Connect provider.

    :param url: the address of the provider's discovery document.
    :param name: the name in the document.
    :param description: what a reader needs to know, in CommonMark.
    """

    url: str
    name: str = "openid"
    description: str = ""

    def to_schema(self) -> dict[str, object]:
        """Return the scheme ``openIdConnect``."""
        fields: dict[str, object] = {"type": "openIdConnect", "openIdConnectUrl": self.url}
        return _describe(fields, self.description)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A scheme that a client has to use, and the scopes that it needs.

    :param scheme: the scheme.
    :param scopes: scopes of OAuth 2.0 or OpenID Connect; for other schemes names of roles.
    """

    scheme: Scheme
    scopes: tuple[str, ...] = ()


def as_requirement(given: Scheme | Requirement) -> Requirement:
    """Return a requirement; a scheme alone is one without scopes.

    :param given: an entry of ``security=``.
    :raises TypeError: it is neither, for example a class instead of an object.
    """
    if isinstance(given, Requirement):
        return given
    if isinstance(given, type) or not hasattr(given, "to_schema"):
        raise TypeError(
            f"{given!r} is not a security scheme. One looks like Bearer('token') or Basic()."
        )
    return Requirement(given)


def documents(
    decorator: Callable[[View], t.Any],
    scheme: Scheme | Requirement,
    scopes: Iterable[str] = (),
) -> Callable[[View], View]:
    """Return a decorator that also leaves its requirement in the document.

    ``secured = documents(login_required, Bearer("token"))`` is used as ``login_required`` is, also
    in ``MethodView.decorators``. The document of a view below it has the requirement and the
    answers 401 and 403. Several such decorators are all required.

    :param decorator: the decorator that checks.
    :param scheme: how the client authenticates.
    :param scopes: the scopes that the decorator requires.
    """
    requirement = as_requirement(scheme)
    requirement = Requirement(requirement.scheme, (*requirement.scopes, *scopes))

    def decorate(view: View) -> View:
        decorated = decorator(view)
        decorated.__security__ = (*get_requirements(view), requirement)
        operation = getattr(view, "__operation__", None)
        if operation is not None and not hasattr(decorated, "__operation__"):
            decorated.__operation__ = operation
        return t.cast("View", decorated)

    return decorate


def get_requirements(view: object) -> tuple[Requirement, ...]:
    """Return what `documents` left on a view, the innermost decorator first.

    :param view: a registered view, or a method of a class-based view.
    """
    requirements: tuple[Requirement, ...] = getattr(view, "__security__", ())
    return requirements
