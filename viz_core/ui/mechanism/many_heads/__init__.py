"""The parts of the page "Many heads", a module each."""
