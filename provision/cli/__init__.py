"""The command line: a file a command, and the views that show what came of it."""
