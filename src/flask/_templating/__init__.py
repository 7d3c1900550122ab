"""Jinja as this package uses it: the environment and its templates."""
