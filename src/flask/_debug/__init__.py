"""The pages of debug mode. Nothing of this package is imported before a page is needed."""
