"""What a run is made of and must not change while it is half done: its code, its version, its sources."""
