"""The hello of a peer, for a server to import; wire.py names the peer in the environment."""

from __future__ import annotations

import importlib
import os

_module = importlib.import_module(f"benchmarks.peers.{os.environ['BENCHMARK_MODULE']}")

application = _module.applications()["hello"]
