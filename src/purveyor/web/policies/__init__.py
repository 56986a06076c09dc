"""The pages of decision tables: what is in force, what changed, and the proof of a draft."""
