"""What services agree on: the topics, the schemas, the envelope. Held against the code in both directions."""
