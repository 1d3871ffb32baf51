"""Which scores does a norm come from, and who was left out?"""
