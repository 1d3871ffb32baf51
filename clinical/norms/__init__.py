"""How do people with a similar start usually go on? Fitted offline, with numpy."""
