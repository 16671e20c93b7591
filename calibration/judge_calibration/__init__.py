"""Validates an LLM judge against several physicians, and corrects it. Needs numpy and scipy, and no service."""
