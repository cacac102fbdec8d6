"""Benchmarks of clips: flicker, blur, speed, memory, and what stays of the source."""
