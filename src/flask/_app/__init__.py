"""The application: set-up, serving, and the lifecycle of a request."""
