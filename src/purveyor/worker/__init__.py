"""Background work: jobs, timers, outbound messages, and taking up what a killed worker left behind.

Workers are stateless and alike; any number may run on any machine that reaches the database.
"""
