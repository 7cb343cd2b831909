"""How Comanda is run: the `comanda` command, the local stack, the demo, containers."""
