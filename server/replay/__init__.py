"""`rom replay`: charts of the past gone through again."""
