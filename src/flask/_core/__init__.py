"""The bottom layer: context variables, waiting, threads, lazy attributes, re-exports."""
