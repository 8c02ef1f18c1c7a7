"""Recipes: what a model is told, held in Markdown files and rendered with every block fenced."""

from workflow.prompts.fences import fence, without
from workflow.prompts.interface import (
    ContextRule,
    FenceError,
    Filling,
    Input,
    Parts,
    PromptError,
    Recipe,
    UnknownRecipeError,
)
from workflow.prompts.rendering import render
from workflow.prompts.shelf import BUILT_IN, FOLDER, Read, every, load, nothing

__all__ = [
    "BUILT_IN",
    "FOLDER",
    "ContextRule",
    "FenceError",
    "Filling",
    "Input",
    "Parts",
    "PromptError",
    "Read",
    "Recipe",
    "UnknownRecipeError",
    "every",
    "fence",
    "load",
    "nothing",
    "render",
    "without",
]
