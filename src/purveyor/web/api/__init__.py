"""The API for programs, version 1: bearer keys only, problem details, idempotent POSTs, versions in ETags."""
