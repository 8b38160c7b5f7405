"""The tables of a GMNS folder, one by one."""
