"""The files of messages: fetched, stored, read, and linked to."""
