"""What do we tell the EHR, unasked?"""
