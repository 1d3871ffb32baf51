"""A small, strict EHR for demonstration and tests; no code shared with the product."""
