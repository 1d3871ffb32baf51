"""How often does each team measure, and talk about it?"""
