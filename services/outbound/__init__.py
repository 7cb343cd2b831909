"""Sends what we write to customers through their channel's provider."""
