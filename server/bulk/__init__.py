"""Scores of many people: from an export, in a table, for fitting norms."""
