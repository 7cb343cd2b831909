"""Tests of the providers' forms."""
