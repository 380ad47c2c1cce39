"""The sections that hold more than keys: one module each."""
