"""The features of the compared app, one file each; each installs its routes.

Every route answers with what it saw, as JSON where it can, and notes what
happened through :mod:`features.record`. Most take a little program in their
path or headers, so that the generator can combine steps that nobody wrote down.
"""
