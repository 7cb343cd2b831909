"""Asking a model: a strict form for its answer, limits of time and retries, what it cost, and every way that it can fail."""
