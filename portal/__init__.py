"""The web: factory, request context, access check, hypermedia, blueprints, and the command line."""
