"""How does a sealed response get into the record, once?"""
