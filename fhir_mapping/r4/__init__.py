"""What does FHIR R4 itself ask of us?"""
