"""Personal data in stored texts: looked for after a message is stored, by each tenant's rules."""
