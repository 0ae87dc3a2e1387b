"""What a run looks like: records, text, files, pictures."""
