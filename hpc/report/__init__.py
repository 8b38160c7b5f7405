"""What people read of a run: report, provenance, bundle, and a look at this machine."""
