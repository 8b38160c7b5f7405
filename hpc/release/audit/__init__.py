"""Behind the audit log of a key: its files, its lines, the tables kept beside it, and their verification."""
