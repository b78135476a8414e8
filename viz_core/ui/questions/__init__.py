"""Pages that ask a model something: what differs, which head does what, what a head's weights do not say."""
