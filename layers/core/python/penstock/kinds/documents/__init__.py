"""What several kinds do with text: cleaning and cutting, HTML, slugs, language tags."""
