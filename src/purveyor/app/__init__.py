"""Use cases: one file per verb; each public function is one transaction step, without any I/O but the database."""
