"""Trained models in other hands: codes and images as files, a folder to publish, exports."""
