"""What a signal rested on, kept small, and read again later by the same rules."""
