"""How words become products: pure, in memory, no clock and no I/O."""
