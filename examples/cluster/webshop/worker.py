"""What Celery's command imports: ``celery --app webshop.worker worker``."""

from __future__ import annotations

from . import create_app

celery = create_app().extensions["celery"]
