"""Benchmarks of StyleFuse. README.md says what each one proves, its command and its last result."""
