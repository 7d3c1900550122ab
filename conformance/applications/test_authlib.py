"""What Authlib's Flask integrations do: clients, an authorization server, protected resources."""

from __future__ import annotations

import time
from types import SimpleNamespace
from unittest import mock

import pytest
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth, OAuthError
from authlib.integrations.flask_oauth2 import (
    AuthorizationServer,
    ResourceProtector,
    current_token,
)
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7636 import CodeChallenge

import flask


@pytest.fixture
def app():
    app = flask.Flask(__name__)
    app.secret_key = "for tests"
    return app


# clients


def register(app, **more):
    oauth = OAuth(app)
    oauth.register(
        "dev",
        client_id="id",
        client_secret="secret",
        access_token_url="https://i.test/token",
        authorize_url="https://i.test/authorize",
        api_base_url="https://i.test/api/",
        **more,
    )
    return oauth


def test_a_client_is_configured_by_the_application(app):
    app.config.update(
        OTHER_CLIENT_ID="a", OTHER_CLIENT_SECRET="b", OTHER_AUTHORIZE_URL="https://o.test/"
    )
    oauth = OAuth()
    oauth.register("other")
    oauth.init_app(app)
    with app.test_request_context():
        assert (oauth.other.client_id, oauth.other.client_secret) == ("a", "b")
    with pytest.raises(AttributeError):
        _ = oauth.unknown


def test_a_client_redirects_and_takes_the_token(app):
    oauth = register(app, client_kwargs={"scope": "a b"})
    with app.test_request_context("/"):
        answer = oauth.dev.authorize_redirect("https://c.test/back")
        assert answer.status_code == 302
        state = dict(part.split("=") for part in answer.location.split("?")[1].split("&"))["state"]
        kept = dict(flask.session)
    with app.test_request_context(f"/?code=c&state={state}"):
        flask.session.update(kept)
        sent = SimpleNamespace(
            status_code=200,
            json=lambda: {"access_token": "t", "token_type": "Bearer"},
            raise_for_status=lambda: None,
            text="",
            headers={},
            content=b"",
        )
        with mock.patch("requests.sessions.Session.send", return_value=sent):
            assert oauth.dev.authorize_access_token()["access_token"] == "t"
    refused = app.test_request_context("/?error=access_denied&error_description=no")
    with refused, pytest.raises(OAuthError, match="no"):
        oauth.dev.authorize_access_token()


def test_a_client_uses_proof_keys(app):
    oauth = register(app, client_kwargs={"code_challenge_method": "S256"})
    with app.test_request_context("/"):
        answer = oauth.dev.authorize_redirect("https://c.test/back")
        assert "code_challenge=" in answer.location
        assert any("code_verifier" in value["data"] for value in flask.session.values())
        assert isinstance(oauth.dev, FlaskOAuth2App)


def test_a_client_fetches_its_token_for_a_request(app):
    oauth = register(app, fetch_token=lambda: {"access_token": "t", "token_type": "bearer"})
    with app.test_request_context("/"):
        with mock.patch("requests.sessions.Session.send") as send:
            send.return_value.status_code = 200
            oauth.dev.get("user")
        request = send.call_args.args[0]
        assert request.url == "https://i.test/api/user"
        assert request.headers["Authorization"] == "Bearer t"


# an authorization server


class Client(ClientMixin):
    client_id, client_secret = "id", "secret"

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return "https://c.test/back"

    def get_allowed_scope(self, scope):
        return (
            " ".join(word for word in scope.split() if word in ("read", "write")) if scope else ""
        )

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == self.get_default_redirect_uri()

    def check_client_secret(self, client_secret):
        return client_secret == self.client_secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method in ("client_secret_basic", "client_secret_post", "none")

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type in ("authorization_code", "client_credentials", "password")


class Token(dict, TokenMixin):
    def get_scope(self):
        return self.get("scope", "")

    def is_expired(self):
        return self.get("until", time.time() + 9) < time.time()

    def is_revoked(self):
        return False

    def get_user(self):
        return None

    def get_client(self):
        return None

    def check_client(self, client):
        return True


CODES, TOKENS = {}, {}


class CodeGrant(grants.AuthorizationCodeGrant):
    def save_authorization_code(self, code, request):
        payload = request.payload
        CODES[code] = SimpleNamespace(
            code=code,
            user="ann",
            client_id=request.client.client_id,
            redirect_uri=payload.redirect_uri,
            scope=payload.scope,
            get_redirect_uri=lambda: payload.redirect_uri,
            get_scope=lambda: payload.scope,
            code_challenge=payload.data.get("code_challenge"),
            code_challenge_method=payload.data.get("code_challenge_method"),
        )
        return CODES[code]

    def query_authorization_code(self, code, client):
        return CODES.get(code)

    def delete_authorization_code(self, authorization_code):
        del CODES[authorization_code.code]

    def authenticate_user(self, authorization_code):
        return authorization_code.user


class PasswordGrant(grants.ResourceOwnerPasswordCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

    def authenticate_user(self, username, password):
        return username if password == "right" else None


class Validator(BearerTokenValidator):
    def authenticate_token(self, token_string):
        return TOKENS.get(token_string)


@pytest.fixture
def server(app):
    TOKENS.clear()
    server = AuthorizationServer(
        app,
        query_client=lambda client_id: Client() if client_id == "id" else None,
        save_token=lambda token, request: TOKENS.update({token["access_token"]: Token(token)}),
    )
    server.register_grant(CodeGrant, [CodeChallenge(required=False)])
    server.register_grant(grants.ClientCredentialsGrant)
    server.register_grant(PasswordGrant)
    protect = ResourceProtector()
    protect.register_token_validator(Validator())

    @app.route("/authorize", methods=["GET", "POST"])
    def authorize():
        if flask.request.method == "GET":
            grant = server.get_consent_grant(end_user="ann")
            return {"scope": grant.request.payload.scope}
        user = "ann" if flask.request.form.get("agreed") else None
        return server.create_authorization_response(
            grant_user=user, grant=server.get_consent_grant(end_user=user)
        )

    app.post("/token", endpoint="token")(lambda: server.create_token_response())

    @app.get("/read")
    @protect("read")
    def read():
        return {"scope": current_token.get_scope()}

    @app.get("/optional")
    @protect(optional=True)
    def optional():
        return {"known": bool(current_token)}

    return server


BACK = {
    "response_type": "code",
    "client_id": "id",
    "redirect_uri": "https://c.test/back",
    "scope": "read",
    "state": "s",
}


def test_a_code_becomes_a_token(app, server):
    client = app.test_client()
    assert client.get("/authorize", query_string=BACK).json == {"scope": "read"}
    refused = client.post("/authorize", query_string=BACK)
    assert "error=access_denied" in refused.location
    agreed = client.post("/authorize", query_string=BACK, data={"agreed": "1"})
    code = agreed.location.split("code=")[1].split("&")[0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK["redirect_uri"]}
    answer = client.post("/token", data=form, auth=("id", "secret"))
    assert (answer.status_code, answer.json["token_type"]) == (200, "Bearer")
    assert answer.headers["Cache-Control"] == "no-store"
    again = client.post("/token", data=form, auth=("id", "secret"))
    assert (again.status_code, again.json["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("form", "auth", "status"),
    [
        ({"grant_type": "client_credentials", "scope": "read"}, ("id", "secret"), 200),
        ({"grant_type": "client_credentials"}, ("id", "wrong"), 401),
        ({"grant_type": "password", "username": "a", "password": "right"}, ("id", "secret"), 200),
        ({"grant_type": "password", "username": "a", "password": "x"}, ("id", "secret"), 400),
        ({"grant_type": "unknown"}, ("id", "secret"), 400),
        ({}, None, 400),
    ],
)
def test_tokens(app, server, form, auth, status):
    answer = app.test_client().post("/token", data=form, auth=auth)
    assert answer.status_code == status
    assert ("access_token" in answer.json) == (status == 200)


def test_resources_are_protected(app, server):
    client = app.test_client()
    given = client.post(
        "/token", data={"grant_type": "client_credentials", "scope": "read"}, auth=("id", "secret")
    ).json
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    assert client.get("/read", headers=headers).json == {"scope": "read"}
    refused = client.get("/read")
    assert (refused.status_code, refused.json["error"]) == (401, "missing_authorization")
    assert client.get("/read", headers={"Authorization": "Bearer x"}).status_code == 401
    TOKENS["little"] = Token(scope="write")
    assert client.get("/read", headers={"Authorization": "Bearer little"}).status_code == 403
    TOKENS["old"] = Token(scope="read", until=1)
    assert client.get("/read", headers={"Authorization": "Bearer old"}).status_code == 401
    assert client.get("/optional").json == {"known": False}
    assert client.get("/optional", headers=headers).json == {"known": True}
