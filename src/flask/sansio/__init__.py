"""A door: addresses under which others know the set-up half of the house."""
