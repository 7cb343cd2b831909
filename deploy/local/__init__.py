"""The whole system on one machine, without Docker: PostgreSQL and a broker as child processes, and every service beside them."""
