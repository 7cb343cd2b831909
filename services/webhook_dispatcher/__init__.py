"""Tells the tenants' own systems what happened: public events, delivered to their HTTP endpoints."""
