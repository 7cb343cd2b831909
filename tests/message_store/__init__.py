"""Tests of message_store."""
