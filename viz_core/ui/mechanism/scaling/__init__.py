"""The parts of the page "Scaling", a module each."""
