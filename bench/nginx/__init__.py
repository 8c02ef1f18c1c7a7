"""What the benchmarks of nginx evidence share: real configurations, mutants, and the truth."""
