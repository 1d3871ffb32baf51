"""A small, strict EHR for demonstration and tests. It shares no code with the product."""
