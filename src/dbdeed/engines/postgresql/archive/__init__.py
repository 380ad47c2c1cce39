"""How PostgreSQL keeps what a plan removes: tables by moving them, values and counts by copying them."""
