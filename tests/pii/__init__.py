"""Tests of the recognition of personal data."""
