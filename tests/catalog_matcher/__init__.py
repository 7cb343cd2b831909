"""Tests of catalog_matcher."""
