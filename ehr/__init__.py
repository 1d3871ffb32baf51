"""How do we talk to this EHR?"""
