"""The page "How heads are born": one sentence through every kept moment of one small model's training."""
