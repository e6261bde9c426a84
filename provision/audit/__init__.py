"""Who can invoke what, by which path, and how sure that is: judged over a snapshot. Pure."""
