"""Generated from proto/aibridge/v1. Do not edit: run sdk/python/generate."""
