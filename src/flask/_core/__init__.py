"""What every layer uses: context variables, waiting, threads, lazy attributes, re-exports."""
