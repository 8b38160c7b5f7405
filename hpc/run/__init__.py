"""The run folder: what was asked, who drives it, what is done."""
