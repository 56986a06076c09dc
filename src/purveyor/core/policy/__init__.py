"""Policy as data: typed decision tables, the engine that reads them, the proof before publishing, and typed terms for callers."""
