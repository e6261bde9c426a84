"""What an image is made of: the files that are sent, the Dockerfile, its bases, and their hash."""
