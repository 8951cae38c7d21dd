"""The characters behind ``text.fold``, and texts read with the wrong encoding."""
