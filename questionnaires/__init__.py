"""What do we ask, and how is it scored?"""
