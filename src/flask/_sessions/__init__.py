"""Sessions in a store: the cookie has only an identifier. ``SESSION_STORE`` turns them on."""
