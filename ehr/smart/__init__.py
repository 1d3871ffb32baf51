"""How does a launch become the right to read and write one chart?"""
