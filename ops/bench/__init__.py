"""Benchmarks: timing belongs here, not in the tests. Each compares things side by side in one run."""
