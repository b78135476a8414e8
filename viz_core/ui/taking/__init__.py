"""What a visitor takes along: figures, the recording, and the lines of Python that show the same in a notebook."""
