"""Adam with decoupled weight decay."""

from __future__ import annotations

from kcore import registry
from kcore.errors import InvalidArgumentError

from .adam import Adam


@registry.builtin("optimizers", "adamw")
class AdamW(Adam):
    """Adam with decoupled weight decay: before each of Adam's updates, `x = x - lr * weight_decay * x`.

    Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2017.

    Args:
        learning_rate: the rate, a schedule, or a callable.
        weight_decay: the decay; it must be given.
        beta_1, beta_2, epsilon, amsgrad: as in `Adam`.
        clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor,
            gradient_accumulation_steps, name, **kwargs: as in `Optimizer`.

    Raises:
        InvalidArgumentError: `weight_decay` is None.

    Example:

    >>> import kcore as keras
    >>> x = keras.Variable([1.0])
    >>> keras.optimizers.AdamW(learning_rate=0.5, weight_decay=0.5).apply([keras.ops.zeros(1)], [x])
    >>> x.numpy().tolist()
    [0.75]
    """

    def __init__(
        self,
        learning_rate=0.001,
        weight_decay=0.004,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-7,
        amsgrad=False,
        clipnorm=None,
        clipvalue=None,
        global_clipnorm=None,
        use_ema=False,
        ema_momentum=0.99,
        ema_overwrite_frequency=None,
        loss_scale_factor=None,
        gradient_accumulation_steps=None,
        name=None,
        **kwargs,
    ):
        if weight_decay is None:
            raise InvalidArgumentError(
                "`weight_decay` must be a number; use `Adam` to train without. Received: weight_decay=None"
            )
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
            loss_scale_factor,
            gradient_accumulation_steps,
            name,
            **kwargs,
        )
