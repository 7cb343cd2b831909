"""Finds which product of a distributor's catalog a customer's words mean."""
