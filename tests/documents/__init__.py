"""The documents: what is generated in them, and that the rest of them is true."""
