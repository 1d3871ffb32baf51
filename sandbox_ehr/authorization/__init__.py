"""Who may see and write what, and how does an app prove who it is?"""
