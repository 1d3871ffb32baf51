"""What do the scores mean over time?"""
