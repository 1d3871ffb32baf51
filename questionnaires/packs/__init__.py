"""What must a clinic bring, and is it right?"""
