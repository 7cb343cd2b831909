"""What providers tell us: verified, written down, and passed on as message.received."""
