"""The parts of the page "The block", a module each."""
