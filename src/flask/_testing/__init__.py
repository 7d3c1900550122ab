"""The connections behind the test clients."""
