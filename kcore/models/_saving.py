"""A model's methods for saving: thin, as saving stands on a higher floor."""

from __future__ import annotations

from typing import Any

from kcore import registry


class SavingMethods:
    """The part of `Model` that is written to files and read from them."""

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Save the architecture, the weights, and, if compiled, the optimizer's state, into one file.

        Args:
            filepath: where to; its suffix says the format (`.h5`).
            overwrite: whether to replace an existing file.
            **kwargs: options of the format: `include_optimizer`, `zipped`.

        Raises:
            InvalidArgumentError: the suffix isn't known.
        """
        registry.service("saving").save_model(self, filepath, overwrite=overwrite, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Save the weights.

        Args:
            filepath: where to.
            overwrite: whether to replace an existing file.
            **kwargs: options of the format.
        """
        registry.service("saving").save_weights(self, filepath, overwrite=overwrite, **kwargs)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Load weights that `save_weights` or `save` wrote.

        Args:
            filepath: where from.
            skip_mismatch: whether to leave out layers whose weights don't fit.
            **kwargs: `by_name=True` loads into the layers of the same names, and leaves the others alone.
        """
        registry.service("saving").load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON; `model_from_json` makes a model of it.

        Args:
            **kwargs: arguments of `json.dumps`.
        """
        return registry.service("saving").model_to_json(self, **kwargs)

    def to_yaml(self, **kwargs: Any) -> str:
        """The architecture as YAML; `model_from_yaml` makes a model of it.

        Args:
            **kwargs: arguments of `yaml.dump`.
        """
        return registry.service("saving").model_to_yaml(self, **kwargs)
