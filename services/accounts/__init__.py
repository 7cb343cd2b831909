"""The distributors, their customers, and who writes for whom."""
