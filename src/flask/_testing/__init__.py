"""The test clients, and the connections that they use."""
