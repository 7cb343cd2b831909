"""The image that every service runs from."""
