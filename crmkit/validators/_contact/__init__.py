"""Checks of where people and companies are reached: mail, telephone, web and postal addresses."""
