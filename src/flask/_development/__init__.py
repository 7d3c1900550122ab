"""The development server: restarts when code changes, pages that reload, debugging over ASGI."""
