"""What a request costs here, and what it costs elsewhere; see README.md."""
