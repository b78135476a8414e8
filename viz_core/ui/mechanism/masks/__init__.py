"""The parts of the page "Masks", a module each."""
