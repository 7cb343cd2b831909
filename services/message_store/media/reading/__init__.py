"""Each module reads the text of one kind of file, in a process of its own: what a stranger sent may be made to hang or to fill the memory."""
