"""The vocabulary: every event that services tell each other, one module an event."""
