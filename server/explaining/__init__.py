"""Why did a card come?"""
