"""What every service shares. Each module has one purpose, and none knows an order from a message."""
