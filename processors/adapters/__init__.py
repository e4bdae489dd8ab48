"""Public models, used where the user has their weights: MERT, CLaMP 3 and Qwen-Omni.

They need the extra ``adapters`` (torch, transformers), which the runtime does without: import a module of this package
only when a setting chooses its model.
"""
