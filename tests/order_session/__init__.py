"""Tests of order_session."""
