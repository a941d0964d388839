"""Speed and memory of the library: ``python -m benchmarks --help``."""
