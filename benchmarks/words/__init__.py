"""Requests in words against a held-out set: exact requests, false acceptance, questions back."""
