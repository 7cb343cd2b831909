"""Outside parties for the demo and the tests: real HTTP servers that behave as the real ones do."""
