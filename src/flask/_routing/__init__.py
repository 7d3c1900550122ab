"""From a path to a rule, and from an endpoint to a path.

``rule`` parses URL rules, ``table`` matches most paths fast, ``map`` is Werkzeug's map with such a
table, and ``url_builder`` builds most paths fast. Werkzeug's map decides all other cases.
"""
