"""The demo: real conversations, played through the whole system."""
