"""From a path to a rule.

``rule`` reads what a URL rule says, ``table`` answers the plain questions fast, ``map`` is
Werkzeug's map with the table before it. Werkzeug's map stays the truth: whatever the table is not
sure of, the map decides.
"""
