"""OpenAI, and every server that speaks its chat completions: Ollama, vLLM, a gateway. Making a writer imports the
SDK."""

from penstock.providers.openai.writer import OpenAIWriter

__all__ = ["OpenAIWriter"]
