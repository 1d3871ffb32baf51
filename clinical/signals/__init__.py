"""What a rule says about an episode."""
