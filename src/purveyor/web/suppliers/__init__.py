"""The pages of suppliers as our own people look at them."""
