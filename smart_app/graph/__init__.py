"""The graph: one specification, drawn as a picture, a table and a sentence."""
