"""What must we remember for a while?"""
