"""The workloads in an application whose one blueprint has hooks and an error handler.

The endpoints of the application have none, so they should cost what they cost without the
blueprint.
"""

from __future__ import annotations

from typing import Any

from benchmarks.peers.flask_apps import add_main_views, hooked_blueprint
from flask import Flask


def applications() -> dict[str, Any]:
    """Return the application of each workload."""
    app = Flask(__name__)
    add_main_views(app)
    blueprint = hooked_blueprint()

    @blueprint.errorhandler(404)
    def missing(error: Exception) -> tuple[str, int]:
        return "missing", 404

    app.register_blueprint(blueprint)
    names = "hello json param post_json form session redirect notfound method_view hooked"
    return dict.fromkeys(names.split(), app)
