"""Files of products, taken in row by row."""
