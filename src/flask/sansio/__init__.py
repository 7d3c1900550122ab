"""Re-exports the base classes of applications and blueprints under Flask's module paths."""
