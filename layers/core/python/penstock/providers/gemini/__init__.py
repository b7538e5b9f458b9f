"""Google's Gemini models over the Gemini API: text, pictures, speech. Making a writer imports the SDK."""

from penstock.providers.gemini.writer import GeminiWriter

__all__ = ["GeminiWriter"]
