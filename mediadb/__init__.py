"""Pictures and documents: folders, renditions, storage."""
