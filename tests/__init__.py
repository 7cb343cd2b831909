"""The tests. Servers are real: PostgreSQL and a broker are started once a run, on free ports, and stopped again."""
