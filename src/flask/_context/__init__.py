"""The application context and the request context."""
