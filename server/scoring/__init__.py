"""What do many forms come to, one after the other?"""
