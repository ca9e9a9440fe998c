"""Run one task over many inputs on a bounded pool of named threads."""
