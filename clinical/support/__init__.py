"""What can we do when it is not going as hoped?"""
