"""Through which doors does anything pass between us and an EHR?"""
