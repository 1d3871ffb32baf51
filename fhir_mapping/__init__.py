"""How is it said in FHIR?"""
