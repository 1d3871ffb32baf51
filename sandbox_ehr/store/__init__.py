"""How does the sandbox keep and check FHIR resources?"""
