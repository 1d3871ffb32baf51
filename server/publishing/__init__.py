"""How do forms get out: into an EHR, a package, a file?"""
