"""Benchmarks of the product on the worlds of ../shared; importable from the repository root."""
