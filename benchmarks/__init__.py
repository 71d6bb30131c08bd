"""Benchmarks of the servers, under the same load (see docs/benchmarks.md)."""
