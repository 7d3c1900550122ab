"""The command line: find the application, load environment files, run and add commands.

``flask`` calls `main`. Applications and extensions use `AppGroup`, `with_appcontext` and
`pass_script_info` for their own commands, and `FlaskGroup` for a command like ``flask``.

This module only re-exports names. The layers of the package, the lowest first: ``_types``,
``_dotenv``, ``_banner``, ``_development_server``, ``_locate``, ``_locations``, ``_findings``;
``_script``; ``_options``; the commands, such as ``_routes``, and what they use; ``_groups``;
``_main``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click as click

from .._core.current import current_app as current_app
from .._core.environment import get_debug_flag as get_debug_flag
from .._core.environment import get_load_dotenv as get_load_dotenv
from .._core.reexports import module_getattr
from ._banner import show_server_banner as show_server_banner
from ._banner import warn_run_ignored as warn_run_ignored
from ._commands import run_command as run_command
from ._config import config_command as config_command
from ._doctor import doctor_command as doctor_command
from ._dotenv import load_dotenv as load_dotenv
from ._findings import Finding as Finding
from ._groups import AppGroup as AppGroup
from ._groups import FlaskGroup as FlaskGroup
from ._locate import NoAppException as NoAppException
from ._locate import find_app_by_string as find_app_by_string
from ._locate import find_best_app as find_best_app
from ._locate import locate_app as locate_app
from ._locate import prepare_import as prepare_import
from ._main import cli as cli
from ._main import main as main
from ._new import new_command as new_command
from ._options import get_version as get_version
from ._options import version_option as version_option
from ._routes import routes_command as routes_command
from ._script import ScriptInfo as ScriptInfo
from ._script import pass_script_info as pass_script_info
from ._script import with_appcontext as with_appcontext
from ._serve import serve_command as serve_command
from ._shell import shell_command as shell_command
from ._types import CertParamType as CertParamType
from ._types import SeparatedPathType as SeparatedPathType

if not TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)
