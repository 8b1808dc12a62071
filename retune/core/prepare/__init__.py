"""Files of prompts and completions, or of conversations: what keeps them from being trained on, and its repair."""
