"""webhook_dispatcher."""
