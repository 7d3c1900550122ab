"""Forms: what was typed, and what is wrong with it."""

import re

from flask import request

CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")


class Form:
    """The values of a form, and the errors in them.

    ``lengths`` has the least and the most characters of each field. ``saved`` has the values that
    the form shows before it is sent.
    """

    def __init__(self, lengths, saved=None):
        self.lengths = lengths
        self.was_sent = request.method == "POST"
        source = request.form if self.was_sent else dict(saved or {})
        self.values = {name: clean(name, source.get(name, "")) for name in lengths}
        self.errors = {}

    def __getitem__(self, name):
        return self.values[name]

    def is_valid(self):
        """Check the values; return whether the form was sent and has no errors."""
        if self.was_sent:
            for name, (least, most) in self.lengths.items():
                if not least <= len(self[name]) <= most:
                    self.errors[name] = f"Enter {least} to {most:,} characters."
        return self.was_sent and not self.errors


def clean(name, value):
    """Return a value without what no field needs; a password stays as it is."""
    if name == "password":
        return value
    return CONTROL_CHARACTERS.sub("", value).strip()
