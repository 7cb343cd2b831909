"""Whole conversations, through every service on a real broker."""
