"""People, organisations, lists, newsletter types, consent."""
