"""The providers' own forms: what they send, sign and expect."""
