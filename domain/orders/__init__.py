"""The order desk: somebody asks for a mailing, an office makes it one."""
