"""Several messages become one order that the customer has seen and confirmed."""
