"""How the analyzer is measured and how its weights are learned; nothing of it runs in the service."""
