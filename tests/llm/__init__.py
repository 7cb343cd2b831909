"""The model client."""
