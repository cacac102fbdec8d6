"""Requests in words, English and Chinese: from a sentence to a chain of tasks with parameters. Without PyTorch."""
