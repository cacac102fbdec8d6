"""What several benchmarks share: commands, photos, timing, memory, tables, sheets and files of results."""
