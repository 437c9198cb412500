"""The sending engine: doors, rendering, the hot path, transport, jobs."""
