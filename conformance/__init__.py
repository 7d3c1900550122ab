"""Other people's tests, run against this package; see README.md."""
