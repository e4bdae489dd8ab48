"""What a source played, as a list for people and programs: set lists, royalty logs, archives."""
