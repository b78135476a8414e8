"""What attention costs, and how the same result is had for less: each way equal to the plain one, and counted."""
