"""The commands as a user gives them: options, environment, file; results, logs, bars and tables."""
