"""Cloud Storage's JSON API: buckets, their policies, and objects on disk."""
