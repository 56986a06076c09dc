"""The story of one distributor's Monday and the weeks after, step by step, each with what was expected and what happened."""
