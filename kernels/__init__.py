"""Numbers on arrays: one public function per kernel."""
