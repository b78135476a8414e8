"""Encoder and decoder: an English sentence, read by one network and written in Korean by another."""
