"""The ``flask`` command."""

from __future__ import annotations

from ._groups import FlaskGroup

cli = FlaskGroup(
    name="flask",
    help="""\
The command line of Flask applications.

Name the application with '--app' or the environment variable 'FLASK_APP', or
keep it in a file 'wsgi.py' or 'app.py' in the current directory.
""",
)
"""The ``flask`` command. Commands of plugins and of the application are added when it runs."""


def main() -> None:
    """Run the ``flask`` command with the process's arguments, and exit."""
    cli.main()
