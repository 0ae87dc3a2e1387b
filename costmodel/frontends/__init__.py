"""Front ends: files to networks. One package is one kind of file; its name is the word for it."""
