"""What is decided before work: settings, profiles, pools, blocks and their cost."""
