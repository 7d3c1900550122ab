"""The names that applications and extensions import and use: the promised addresses."""

from __future__ import annotations

import importlib
import subprocess
import sys
import typing as t

import pytest

# Observed with dir() on official Flask 3.1.3: what each module defines, and what public code is
# known to take from it beside that. The package may offer more; it may not offer less.
MODULES = {
    "flask": """
        Blueprint Config Flask Request Response __version__ abort after_this_request app
        appcontext_popped appcontext_pushed appcontext_tearing_down before_render_template
        blueprints cli config copy_current_request_context ctx current_app flash g
        get_flashed_messages get_template_attribute globals got_request_exception
        has_app_context has_request_context helpers json jsonify logging make_response
        message_flashed redirect render_template render_template_string request
        request_finished request_started request_tearing_down sansio send_file
        send_from_directory session sessions signals stream_template stream_template_string
        stream_with_context template_rendered templating typing url_for wrappers
    """,
    "flask.app": """
        Flask Rule
    """,
    "flask.blueprints": """
        Blueprint BlueprintSetupState
    """,
    "flask.cli": """
        AppGroup CertParamType FlaskGroup NoAppException ScriptInfo SeparatedPathType cli
        click current_app find_app_by_string find_best_app get_version load_dotenv
        locate_app main pass_script_info prepare_import routes_command run_command
        shell_command show_server_banner version_option with_appcontext
    """,
    "flask.config": """
        Config ConfigAttribute
    """,
    "flask.ctx": """
        AppContext RequestContext _AppCtxGlobals after_this_request
        copy_current_request_context has_app_context has_request_context
    """,
    "flask.debughelpers": """
        DebugFilesKeyError FormDataRoutingRedirect UnexpectedUnicodeError
        attach_enctype_error_multidict explain_template_loading_attempts
    """,
    "flask.globals": """
        _cv_app _cv_request app_ctx current_app g request request_ctx session
    """,
    "flask.helpers": """
        abort flash get_debug_flag get_flashed_messages get_load_dotenv get_root_path
        get_template_attribute make_response redirect send_file send_from_directory
        stream_with_context url_for werkzeug
    """,
    "flask.json": """
        dump dumps jsonify load loads
    """,
    "flask.json.provider": """
        DefaultJSONProvider JSONProvider
    """,
    "flask.json.tag": """
        JSONTag PassDict PassList TagBytes TagDateTime TagDict TagMarkup TagTuple TagUUID
        TaggedJSONSerializer
    """,
    "flask.logging": """
        create_logger default_handler has_level_handler wsgi_errors_stream
    """,
    "flask.sansio.app": """
        App
    """,
    "flask.sansio.blueprints": """
        Blueprint BlueprintSetupState
    """,
    "flask.sansio.scaffold": """
        Scaffold _endpoint_from_view_func _sentinel find_package setupmethod
    """,
    "flask.sessions": """
        NullSession SecureCookieSession SecureCookieSessionInterface SessionInterface
        SessionMixin session_json_serializer
    """,
    "flask.signals": """
        Namespace appcontext_popped appcontext_pushed appcontext_tearing_down
        before_render_template got_request_exception message_flashed request_finished
        request_started request_tearing_down template_rendered
    """,
    "flask.templating": """
        DispatchingJinjaLoader Environment _default_template_ctx_processor _render
        render_template render_template_string stream_template stream_template_string
    """,
    "flask.testing": """
        Client EnvironBuilder FlaskCliRunner FlaskClient
    """,
    "flask.typing": """
        AfterRequestCallable AppOrBlueprintKey BeforeFirstRequestCallable
        BeforeRequestCallable ErrorHandlerCallable HeaderValue HeadersValue ResponseClass
        ResponseReturnValue ResponseValue RouteCallable ShellContextProcessorCallable
        TeardownCallable TemplateContextProcessorCallable TemplateFilterCallable
        TemplateGlobalCallable TemplateTestCallable URLDefaultCallable
        URLValuePreprocessorCallable
    """,
    "flask.views": """
        MethodView View http_method_funcs
    """,
    "flask.wrappers": """
        Request RequestBase Response ResponseBase
    """,
}

MEMBERS = {
    "flask.Flask": """
        _check_setup_finished _find_error_handler _get_exc_class_and_code aborter_class
        add_template_filter add_template_global add_template_test add_url_rule after_request
        app_context app_ctx_globals_class async_to_sync auto_find_instance_path
        before_request config_class context_processor create_global_jinja_loader
        create_jinja_environment create_url_adapter debug default_config delete
        dispatch_request do_teardown_appcontext do_teardown_request endpoint ensure_sync
        errorhandler finalize_request full_dispatch_request get get_send_file_max_age
        handle_exception handle_http_exception handle_url_build_error handle_user_exception
        has_static_folder inject_url_defaults iter_blueprints jinja_env jinja_environment
        jinja_loader jinja_options json_provider_class log_exception logger make_aborter
        make_config make_default_options_response make_response make_shell_context name
        open_instance_resource open_resource patch permanent_session_lifetime post
        preprocess_request process_response put raise_routing_exception redirect
        register_blueprint register_error_handler request_class request_context
        response_class route run secret_key select_jinja_autoescape send_static_file
        session_interface shell_context_processor should_ignore_error static_folder
        static_url_path teardown_appcontext teardown_request template_filter template_global
        template_test test_cli_runner test_cli_runner_class test_client test_client_class
        test_request_context testing trap_http_exception update_template_context
        url_defaults url_for url_map_class url_rule_class url_value_preprocessor wsgi_app
    """,
    "flask.Blueprint": """
        _check_setup_finished _get_exc_class_and_code add_app_template_filter
        add_app_template_global add_app_template_test add_url_rule after_app_request
        after_request app_context_processor app_errorhandler app_template_filter
        app_template_global app_template_test app_url_defaults app_url_value_preprocessor
        before_app_request before_request context_processor delete endpoint errorhandler get
        get_send_file_max_age has_static_folder jinja_loader make_setup_state open_resource
        patch post put record record_once register register_blueprint register_error_handler
        route send_static_file static_folder static_url_path teardown_app_request
        teardown_request url_defaults url_value_preprocessor
    """,
    "flask.Request": """
        blueprint blueprints endpoint json_module max_content_length max_form_memory_size
        max_form_parts on_json_loading_failed routing_exception url_rule view_args
    """,
    "flask.Response": """
        autocorrect_location_header default_mimetype json_module max_cookie_size
    """,
    "flask.Config": """
        from_envvar from_file from_mapping from_object from_prefixed_env from_pyfile
        get_namespace
    """,
    "flask.ctx.AppContext": """
        pop push
    """,
    "flask.ctx.RequestContext": """
        copy match_request pop push session
    """,
    "flask.ctx._AppCtxGlobals": """
        get pop setdefault
    """,
    "flask.blueprints.BlueprintSetupState": """
        add_url_rule
    """,
    "flask.sessions.SessionInterface": """
        get_cookie_domain get_cookie_httponly get_cookie_name get_cookie_partitioned
        get_cookie_path get_cookie_samesite get_cookie_secure get_expiration_time
        is_null_session make_null_session null_session_class open_session pickle_based
        save_session should_set_cookie
    """,
    "flask.sessions.SecureCookieSessionInterface": """
        digest_method get_cookie_domain get_cookie_httponly get_cookie_name
        get_cookie_partitioned get_cookie_path get_cookie_samesite get_cookie_secure
        get_expiration_time get_signing_serializer is_null_session key_derivation
        make_null_session null_session_class open_session pickle_based salt save_session
        serializer session_class should_set_cookie
    """,
    "flask.sessions.SessionMixin": """
        accessed modified new permanent
    """,
    "flask.sessions.SecureCookieSession": """
        accessed modified new permanent
    """,
    "flask.sessions.NullSession": """
        accessed clear modified new permanent pop popitem setdefault update
    """,
    "flask.json.provider.JSONProvider": """
        dump dumps load loads response
    """,
    "flask.json.provider.DefaultJSONProvider": """
        compact default dump dumps ensure_ascii load loads mimetype response sort_keys
    """,
    "flask.json.tag.TaggedJSONSerializer": """
        default_tags dumps loads order register tag tags untag
    """,
    "flask.json.tag.JSONTag": """
        check key serializer tag to_json to_python
    """,
    "flask.testing.FlaskClient": """
        _request_from_builder_args open session_transaction
    """,
    "flask.testing.EnvironBuilder": """
        json_dumps
    """,
    "flask.testing.FlaskCliRunner": """
        invoke
    """,
    "flask.views.View": """
        as_view decorators dispatch_request init_every_request methods
        provide_automatic_options
    """,
    "flask.views.MethodView": """
        as_view decorators dispatch_request init_every_request methods
        provide_automatic_options
    """,
    "flask.templating.Environment": """

    """,
    "flask.templating.DispatchingJinjaLoader": """
        get_source list_templates
    """,
}
# Set by the constructors.
ON_APPLICATIONS = """
    after_request_funcs aborter before_request_funcs blueprints cli config error_handler_spec
    extensions import_name instance_path json root_path shell_context_processors
    subdomain_matching teardown_appcontext_funcs teardown_request_funcs template_context_processors
    template_folder url_build_error_handlers url_default_functions url_map url_value_preprocessors
    view_functions static_folder static_url_path jinja_env jinja_loader logger name debug
    _got_first_request
"""
ON_BLUEPRINTS = """
    after_request_funcs before_request_funcs cli cli_group deferred_functions error_handler_spec
    import_name name root_path subdomain teardown_request_funcs template_context_processors
    template_folder url_default_functions url_prefix url_value_preprocessors url_values_defaults
    view_functions static_folder static_url_path jinja_loader
"""


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.filterwarnings("ignore:The '__version__' attribute:DeprecationWarning")
def test_a_module_offers_these_names(module: str) -> None:
    imported = importlib.import_module(module)
    assert [name for name in MODULES[module].split() if not hasattr(imported, name)] == []


@pytest.mark.parametrize("owner", MEMBERS)
def test_a_class_offers_these_members(owner: str) -> None:
    module, _, name = owner.rpartition(".")
    found = getattr(importlib.import_module(module), name)
    assert [member for member in MEMBERS[owner].split() if not hasattr(found, member)] == []


def test_an_application_and_a_blueprint_have_these_attributes() -> None:
    from flask import Blueprint, Flask

    app, blueprint = Flask("app"), Blueprint("b", "app")
    assert [name for name in ON_APPLICATIONS.split() if not hasattr(app, name)] == []
    assert [name for name in ON_BLUEPRINTS.split() if not hasattr(blueprint, name)] == []


def in_a_fresh_process(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_flask_makes_its_modules_attributes() -> None:
    names = (
        "json signals sessions cli config ctx globals helpers logging templating typing wrappers"
        " blueprints app sansio"
    )
    code = f"import flask; print([n for n in {names.split()!r} if not hasattr(flask, n)])"
    assert in_a_fresh_process(code).strip() == "[]"


@pytest.mark.parametrize("module", MODULES)
def test_every_module_may_be_imported_first(module: str) -> None:
    in_a_fresh_process(f"import {module}")


@pytest.mark.parametrize(
    "name",
    ["escape", "Markup", "_request_ctx_stack", "_app_ctx_stack", "JSONEncoder", "nonsense"],
)
def test_removed_names_stay_removed(name: str) -> None:
    import flask

    with pytest.raises(AttributeError, match=name):
        getattr(flask, name)


def test_the_version_is_read_with_a_warning() -> None:
    import flask

    with pytest.deprecated_call():
        assert flask.__version__.startswith("3.1.")


def test_the_types_that_leak_through_are_the_real_ones() -> None:
    import click
    import jinja2
    import werkzeug.datastructures
    import werkzeug.exceptions
    import werkzeug.local
    import werkzeug.routing
    import werkzeug.test
    import werkzeug.wrappers
    from blinker import Namespace, Signal

    import flask
    from flask import Flask, cli, signals, testing

    app = Flask("app")
    kinds: list[tuple[t.Any, type[t.Any]]] = [
        (app.url_map, werkzeug.routing.Map),
        (next(app.url_map.iter_rules()), werkzeug.routing.Rule),
        (app.jinja_env, jinja2.Environment),
        (app.cli, click.Group),
        (app.aborter, werkzeug.exceptions.Aborter),
        (app.response_class(), werkzeug.wrappers.Response),
        (app.test_client(), werkzeug.test.Client),
        (flask.request_started, Signal),
        (signals.Namespace(), Namespace),
        (flask.request, werkzeug.local.LocalProxy),
        (app.test_cli_runner(), click.testing.CliRunner),
        (app.response_class().headers, werkzeug.datastructures.Headers),
    ]
    assert [(thing, kind) for thing, kind in kinds if not isinstance(thing, kind)] == []
    assert issubclass(flask.Request, werkzeug.wrappers.Request)
    assert issubclass(testing.EnvironBuilder, werkzeug.test.EnvironBuilder)
    assert issubclass(cli.NoAppException, click.UsageError)


def test_the_proxies_of_globals_are_the_ones_of_flask() -> None:
    import flask
    from flask import globals

    for name in ("current_app", "g", "request", "session"):
        assert getattr(flask, name) is getattr(globals, name)
    assert globals._cv_app.name == "flask.app_ctx"
    assert globals._cv_request.name == "flask.request_ctx"


# Public names that official Flask's classes do not have, or have on instances alone. A subclass of
# an application may define any other name, so what is not promised begins with an underscore. The
# registers of WebSockets and of startup have the names of Quart's.
PROMISED: dict[str, str] = {
    "flask.Flask": """
        add_background_task add_websocket after_serving after_serving_funcs after_websocket
        after_websocket_funcs asgi_app before_serving before_serving_funcs before_websocket
        before_websocket_funcs check_websocket_origin cli dispatch_websocket do_teardown_websocket
        full_dispatch_websocket handle_websocket_exception lifespan postprocess_websocket
        preprocess_websocket teardown_websocket teardown_websocket_funcs test_async_client
        test_async_client_class websocket websocket_class while_serving while_serving_gens
    """,
    "flask.Blueprint": """
        add_websocket after_app_websocket after_websocket after_websocket_funcs before_app_websocket
        before_websocket before_websocket_funcs cli teardown_app_websocket teardown_websocket
        teardown_websocket_funcs websocket
    """,
    "flask.Request": """
        environ headers max_file_memory_size method path query_string remote_addr root_path scheme
        server shallow
    """,
    "flask.Response": "direct_passthrough headers response",
    "flask.ctx.AppContext": "g url_adapter",
    "flask.ctx.RequestContext": "flashes g request url_adapter websocket",
    "flask.sessions.SessionInterface": "must_see opens_on_demand",
    "flask.json.provider.DefaultJSONProvider": "",
}


@pytest.mark.parametrize("path", PROMISED)
def test_a_class_has_only_public_names_of_flask_and_promised_ones(path: str) -> None:
    module, _, name = path.rpartition(".")
    kind = getattr(importlib.import_module(module), name)
    observed = set(MEMBERS.get(path, "").split())
    inherited = {
        member
        for base in kind.__mro__
        if not base.__module__.startswith("flask")
        for member in vars(base)
    }
    public = {member for member in dir(kind) if not member.startswith("_")}
    assert public - observed - inherited - set(PROMISED[path].split()) == set()
