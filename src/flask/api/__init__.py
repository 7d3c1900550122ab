"""Typed APIs: validation from type hints, OpenAPI 3.1, problem details, an offline docs page."""
