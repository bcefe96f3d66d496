"""The document model and its builders."""
