"""The runtime that every service shares, on a real PostgreSQL and a real broker."""
