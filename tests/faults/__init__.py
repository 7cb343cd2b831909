"""Processes killed and servers restarted under load; afterwards every message is accounted for."""
