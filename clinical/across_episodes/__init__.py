"""What do many episodes show, without showing a person or ranking a clinician?"""
