"""The parts of the page "Beyond weights", a module each: what else can be read off a head, and what none of it says."""
