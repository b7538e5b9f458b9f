"""What an article is asked for with: its prompts and its pictures."""
