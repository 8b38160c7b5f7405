"""Commands about runs, sites and the sandbox."""
