"""Pure: what an order session is, what a message does to it, and the order that comes of it. No clock, no SQL, no Kafka."""
