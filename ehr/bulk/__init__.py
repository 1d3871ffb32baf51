"""How do we get and read many charts at once?"""
