"""Random numbers, masks, recurrent state, inferred shapes, data, metrics."""

from __future__ import annotations

import contextlib
import io

import numpy as np

from kcore import Input, KerasTensor, Model, Sequential, layers, ops, optimizers, random, tree, utils
from kcore.engine.function import Function
from kcore.errors import InvalidArgumentError

from ._section import PROBED, count, f32, i32, section, twice

known = section("Random numbers, masks, recurrent state, data, metrics")


def _threefry(seed: int, blocks: int) -> np.ndarray:
    """The first words of stream 0 of a seed: Threefry-2x32 with 13 rounds, in Python's integers."""
    words, mask = (seed, 0, seed ^ 0x1BD11BDA), 2**32 - 1
    result = []
    for block in range(blocks):
        x, y = (block + words[0]) & mask, words[1]
        for done in range(1, 14):
            turn = (13, 15, 26, 6, 17, 29, 16, 24)[(done - 1) % 8]
            x = (x + y) & mask
            y = ((y << turn | y >> (32 - turn)) & mask) ^ x
            if done % 4 == 0:
                x = (x + words[done // 4 % 3]) & mask
                y = (y + words[(done // 4 + 1) % 3] + done // 4) & mask
        result += [x, y]
    return np.array(result, np.uint32)


@known(
    64,
    "numbers_of_a_seed",
    sources=("K#22621", PROBED),
    answer="The same bits on every backend: those of Threefry-2x32 with 13 rounds.",
)
def _seed(backend, check):
    for seed in (0, 7, 2**32 - 1):
        bits = _threefry(seed, 8)
        for got in twice(lambda seed=seed: random.uniform((16,), seed=seed)):
            check.equal(got, (bits >> 8).astype(np.float32) * np.float32(2**-24))
    check.equal(random.normal((3,), seed=7), f32(0.24321872, -2.2074478, 0.95381945))
    check.equal(random.randint((4,), 0, 1000, seed=7), (_threefry(7, 2) >> 1).astype(np.int32) % 1000)
    utils.set_random_seed(11)
    first = check.numpy(random.normal((5,))), check.numpy(layers.Dropout(0.5)(np.ones(9, np.float32), training=True))
    utils.set_random_seed(11)
    check.equal(random.normal((5,)), first[0])
    check.equal(layers.Dropout(0.5)(np.ones(9, np.float32), training=True), first[1])


@known(
    64,
    "seeds_and_dtypes_of_random_numbers",
    sources=("K#22293", "K#19459"),
    answer="A seed is any integer from 0 to 2**64 - 1, and an error otherwise; numbers of each floating dtype are the "
    "same numbers, rounded; `randint` takes integer dtypes alone.",
)
def _dtypes(backend, check):
    single = check.numpy(random.uniform((64,), seed=5))
    check.true(np.any(single != check.numpy(random.uniform((64,), seed=5 + 2**32))), "the seed's upper half is lost")
    check.spec(random.uniform((2,), seed=2**64 - 1), (2,), "float32")
    for seed in (-1, 2**64, 1.5):
        with check.raises(InvalidArgumentError, "`seed` must be"):
            random.uniform((2,), seed=seed)
    wide = check.numpy(random.uniform((64,), seed=5, dtype="float64"))
    check.equal(single, np.floor(wide * 2**24).astype(np.float32) * np.float32(2**-24))
    small = check.numpy(random.randint((64,), 0, 9, seed=5, dtype="int64"))
    check.equal(random.randint((64,), 0, 9, seed=5), small.astype(np.int32))
    with check.raises(InvalidArgumentError, "integer dtype"):
        random.randint((2,), 0, 9, dtype="float32")


@known(
    65,
    "masked_steps_of_recurrent_layers",
    sources=("K#18610", "K#21224", "K#21603"),
    answer="A masked step leaves the state as it is and repeats the last output (0 with `zero_output_for_mask`), "
    "wherever it stands; cells that are stacked take the mask together.",
    level="inference",
)
def _masked_steps(backend, check):
    x = np.sin(count(2, 4, 3))
    mask = np.array([[True, False, True, False], [False, True, False, True]])
    kept = np.stack([x[i][mask[i]] for i in range(2)])
    stack = layers.RNN([layers.LSTMCell(2), layers.GRUCell(3)], return_sequences=True, return_state=True)
    options = {"return_sequences": True, "return_state": True}
    for layer in (layers.SimpleRNN(2, **options), layers.GRU(2, **options), layers.LSTM(2, **options), stack):
        sequence, *states = layer(x, mask=mask)
        short, *expected = layer(kept)
        check.close(states, tree.map_structure(check.numpy, expected), op="lstm")
        outputs = check.numpy(short)
        nothing = np.zeros_like(outputs[1, 0])
        check.close(sequence[0], outputs[0][[0, 0, 1, 1]], op="lstm")
        check.close(sequence[1], np.stack([nothing, outputs[1, 0], outputs[1, 0], outputs[1, 1]]), op="lstm")
    zeros = layers.GRU(2, return_sequences=True, zero_output_for_mask=True)(x, mask=mask)
    check.equal(check.numpy(zeros)[~mask], np.zeros((4, 2), np.float32))


@known(
    65,
    "masks_of_bidirectional_layers",
    sources=("K#22874",),
    answer="Each direction passes over masked steps: a padded sequence gives what it gives without padding.",
    level="inference",
)
def _bidirectional(backend, check):
    x = np.sin(count(2, 4, 3))
    mask = np.array([[True, True, False, False]] * 2)
    layer = layers.Bidirectional(layers.LSTM(2, return_state=True))
    check.close(layer(x, mask=mask), [check.numpy(part) for part in layer(x[:, :2])], op="lstm")


@known(
    65,
    "masks_of_wrappers_and_merging_layers",
    sources=("K#22037", "K#22039", "K#18416", "K#19685"),
    answer="`TimeDistributed` hands the mask on; a merging layer masks what all of its inputs mask, and nothing where "
    "an input has no mask.",
    level="inference",
)
def _wrappers(backend, check):
    x = count(1, 3, 2)
    left, right = np.array([[True, True, False]]), np.array([[True, False, False]])
    wrapper = layers.TimeDistributed(layers.Dense(2, kernel_initializer="identity"))
    check.equal(wrapper(x, mask=left), x)
    check.equal(wrapper.compute_mask(x, left), left)
    for layer in (layers.Add(), layers.Multiply(), layers.Maximum()):
        check.equal(layer.compute_mask([x, x], [left, right]), left)
        check.true(layer.compute_mask([x, x], [left, None]) is None, "there is a mask")
    check.equal(layers.Concatenate(axis=1).compute_mask([x, x], [left, right]), np.concatenate([left, right], axis=1))


@known(
    65,
    "recurrent_dropout",
    sources=("K#20656",),
    answer="One mask a sequence, on the state that enters the recurrent product; none in inference.",
    level="inference",
)
def _recurrent_dropout(backend, check):
    x = np.sin(count(3, 5, 2))
    for plain, dropping in (
        (layers.GRU(4), layers.GRU(4, recurrent_dropout=0.5, seed=1)),
        (layers.GRU(4, reset_after=False), layers.GRU(4, recurrent_dropout=0.5, reset_after=False, seed=1)),
        (layers.LSTM(4), layers.LSTM(4, recurrent_dropout=0.5, seed=1)),
    ):
        plain.build(x.shape)
        dropping.build(x.shape)
        dropping.set_weights([check.numpy(w) for w in plain.weights])
        expected = check.numpy(plain(x))
        check.close(dropping(x), expected, op="lstm")
        check.close(dropping(x[:, :1], training=True), check.numpy(plain(x[:, :1])), op="lstm")
        check.true(np.any(np.abs(check.numpy(dropping(x, training=True)) - expected) > 1e-3), "nothing was dropped")


@known(
    66,
    "dropout_in_predict",
    sources=("K#22761",),
    answer="Active in `fit` and where `training=True` says so; not in `predict`, `evaluate` or a plain call.",
    level="training",
)
def _dropout(backend, check):
    x = np.ones((8, 16), np.float32)
    model = Sequential([Input((16,)), layers.Dropout(0.5, seed=1), layers.GaussianNoise(1.0)])
    model.compile(loss="mse")
    check.equal(model.predict(x, verbose=0), x)
    check.equal(model(x), x)
    check.true(model.evaluate(x, x, verbose=0) == 0, "evaluate drops")
    dropped = check.numpy(layers.Dropout(0.5, seed=1)(x, training=True))
    check.true(set(np.unique(dropped)) == {0.0, 2.0}, f"dropout gave {np.unique(dropped)}")
    check.true(model.fit(x, x, verbose=0).history["loss"][0] > 0.1, "fit doesn't drop")


@known(
    67,
    "inferred_shapes_of_transforms_and_shared_heads",
    sources=("K#22565", "K#22519", "K#22642"),
    answer="A symbolic call gives the shape and dtype of the real one: `istft` with and without `length`, attention "
    "with and without its weights.",
    level="inference",
)
def _transforms(backend, check):
    x = np.sin(count(2, 21))
    for center in (True, False):
        for length in (None, 12, 40):
            call = lambda x, c=center, n=length: ops.istft(ops.stft(x, 6, 3, 8, center=c), 6, 3, 8, n, center=c)  # noqa: E731
            real, inferred = call(x), call(KerasTensor((None, 21)))
            check.spec(inferred, (None, *real.shape[1:]), "float32")
            check.spec(real, tuple(real.shape), "float32")
    check.close(call_back(x), x, op="layer")
    layer = layers.GroupQueryAttention(4, 4, 2)
    query, value = np.sin(count(2, 5, 6)), np.cos(count(2, 3, 6))
    real = layer(query, value, return_attention_scores=True)
    inferred = layer(KerasTensor((None, 5, 6)), KerasTensor((None, 3, 6)), return_attention_scores=True)
    for one, other in zip(real, inferred, strict=True):
        check.spec(other, (None, *one.shape[1:]), "float32")
    check.spec(layer(KerasTensor((2, None, 6)), KerasTensor((2, 3, 6))), (2, None, 6), "float32")


def call_back(x):
    """A signal from its own transform."""
    return ops.istft(ops.stft(x, 8, 3, 8), 8, 3, 8, length=x.shape[-1])


@known(
    67,
    "inferred_shapes_are_the_real_ones",
    sources=("K#23265", "K#22590", "K#22524"),
    answer="A symbolic call gives the shape and dtype of the real one.",
)
def _shapes(backend, check):
    x = count(2, 3)
    calls = [
        lambda x: ops.select([x > 1, x > 3], [x, ops.ones((1, 3))], 0),
        *(lambda x, k=k: ops.quantile(x, [0.1, 0.2], axis=1, keepdims=k) for k in (False, True)),
        *(lambda x, a=a: ops.quantile(x, 0.5, axis=a, keepdims=True) for a in (None, 0, (0, 1))),
        *(lambda x, a=a: ops.argmax(x, axis=a, keepdims=True) for a in (None, 0, -1)),
        *(lambda x, a=a: ops.argmin(x, axis=a) for a in (None, 0, -1)),
        lambda x: ops.top_k(x, 2)[0],
        lambda x: ops.median(x, axis=0, keepdims=True),
    ]
    for call in calls:
        inferred, real = call(KerasTensor((2, 3))), call(x)
        check.spec(real, inferred.shape, inferred.dtype)
    check.spec(ops.quantile(KerasTensor((None, 3)), [0.1, 0.2], axis=1), (2, None), "float32")
    check.spec(ops.argmax(KerasTensor((None, 3)), axis=1, keepdims=True), (None, 1), "int32")


@known(
    68,
    "batches_that_are_dicts",
    sources=("K#23096",),
    answer="They arrive as they were made, whatever made them, by name and not by position.",
    level="training",
)
def _dicts(backend, check):
    a, b = Input((1,), name="a"), Input((1,), name="b")
    model = Model({"b": b, "a": a}, layers.Subtract()([a, b]))
    model.compile(loss="mse")
    batches = [({"b": f32([1.0]), "a": f32([3.0])}, f32([2.0])), ({"a": f32([1.0]), "b": f32([4.0])}, f32([-3.0]))]
    check.true(model.evaluate(iter(batches), steps=2, verbose=0) == 0, "the entries were mixed up")
    check.equal(model.predict({"b": f32([1.0]), "a": f32([3.0])}, verbose=0), f32([2.0]))


@known(
    68,
    "lookup_of_strings",
    sources=("K#21614",),
    answer="Indices are int32 tensors of the backend in use; strings come back as NumPy's.",
    level="inference",
)
def _lookup(backend, check):
    layer = layers.StringLookup(vocabulary=["a", "b"])
    indices = layer(np.array([["b", "z"], ["a", "b"]]))
    check.true(backend.is_tensor(indices), "the indices aren't a tensor of the backend")
    check.equal(indices, i32([2, 0], [1, 2]))
    words = layers.StringLookup(vocabulary=["a", "b"], invert=True)(indices)
    check.true(isinstance(words, np.ndarray), "the strings aren't a NumPy array")
    check.true(words.tolist() == [["b", "[UNK]"], ["a", "b"]], f"other strings came back: {words}")
    counts = layers.StringLookup(vocabulary=["a", "b"], output_mode="count")(np.array([["b", "z", "b"]]))
    check.equal(counts, f32([1, 0, 2]))


@known(
    68,
    "categories_as_vectors",
    sources=("K#19790", PROBED),
    answer="No dimension is added: one category gives one vector. Out of range is an error; in a compiled function, "
    "which can't raise, it leaves no trace.",
    level="inference",
)
def _categories(backend, check):
    vectors = {"one_hot": [[0, 0, 1], [1, 0, 0]], "multi_hot": [1, 0, 1], "count": [1, 0, 1]}
    for mode, expected in vectors.items():
        layer = layers.CategoryEncoding(3, mode)
        check.equal(layer(np.int32(2)), f32(0, 0, 1))
        check.equal(layer(i32(2, 0)), f32(*expected))
        check.equal(layer(i32([2], [0])), f32([0, 0, 1], [1, 0, 0]))
        inferred = layer(KerasTensor((None, 4), "int32"))
        check.spec(inferred, (None, 4, 3) if mode == "one_hot" else (None, 3), "float32")
        for wrong in (-1, 3):
            with check.raises(InvalidArgumentError, "must be in"):
                layer(i32(0, wrong))
            dropped = twice(lambda x, layer=layer: layer(x), i32(0, 1))[1]
            check.equal(dropped, check.numpy(layer(i32(0, 1))))
    check.equal(Function(layers.CategoryEncoding(3, "count"))(i32(0, -1, 3)), f32(1, 0, 0))


@known(
    68,
    "class_weights",
    sources=("K#23220",),
    answer="By class number, a class that isn't named weighing 1; a key that is no class is an error.",
    level="training",
)
def _class_weights(backend, check):
    x, y = np.eye(3, dtype=np.float32), i32(0, 1, 2)
    model = Sequential([Input((3,)), layers.Activation("softmax")])
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    each = -np.log(np.e / (np.e + 2))
    loss = model.fit(x, y, class_weight={0: 4, 2: 2.5}, verbose=0).history["loss"][0]
    check.close(np.float32(loss), each * (4 + 1 + 2.5) / 3, op="training")
    for wrong in ({3: 1.0}, {"0": 1.0}, {-1: 1.0}):
        with check.raises(InvalidArgumentError, "`class_weight`"):
            model.fit(x, y, class_weight=wrong, verbose=0)


@known(
    69,
    "metrics_over_unequal_batches",
    sources=("K#23179",),
    answer="Means over samples, not over batches, the same whether the step is captured or not.",
    level="training",
)
def _metrics(backend, check):
    x = count(5, 1)
    for eagerly in (False, True):
        model = Sequential([Input((1,)), layers.Activation("linear")])
        model.compile(loss="mse", metrics=["mae"], run_eagerly=eagerly)
        got = model.evaluate(x, np.zeros_like(x), batch_size=2, verbose=0)
        check.close(np.float32(got), [30 / 5, 10 / 5], op="training")


@known(
    69,
    "values_in_the_progress_line",
    sources=("K#21301", "K#23030"),
    answer="Those that `fit` and `evaluate` return: means are not averaged a second time.",
    level="training",
)
def _progress(backend, check):
    x, shown = count(5, 1), io.StringIO()
    model = Sequential([Input((1,)), layers.Activation("linear")])
    model.compile(loss="mse", metrics=["mae"])
    with contextlib.redirect_stdout(shown):
        model.evaluate(x, np.zeros_like(x), batch_size=2, verbose=2)
    check.true("loss: 6.0000" in shown.getvalue(), f"the line is {shown.getvalue()!r}")
    check.true("mae: 2.0000" in shown.getvalue(), f"the line is {shown.getvalue()!r}")


@known(
    70,
    "a_model_learns_the_same_on_every_backend",
    sources=("K#20713",),
    answer="The losses and weights of the equations, worked out in float64.",
    level="training",
)
def _learning(backend, check):
    rng = np.random.default_rng(5)
    x, kernel = rng.normal(size=(30, 4)).astype(np.float32), rng.normal(size=(4, 3)).astype(np.float32)
    y = np.argmax(x @ rng.normal(size=(4, 3)), axis=1).astype(np.int32)
    model = Sequential([Input((4,)), layers.Dense(3, activation="softmax")])
    model.set_weights([kernel, np.zeros(3, np.float32)])
    model.compile(optimizers.SGD(0.5, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, epochs=5, batch_size=10, shuffle=False, verbose=0).history
    losses, weights, right = _softmax_regression(np.float64(x), y, np.float64(kernel))
    check.close(np.float32(history["loss"]), losses, op="training")
    check.close([check.numpy(w) for w in model.weights], weights, op="training")
    check.true(model.evaluate(x, y, verbose=0)[1] == np.float32(right / 30), "the accuracy differs")


def _softmax_regression(x, y, kernel):
    """Five epochs of gradient descent in batches of 10: losses, weights, and how many are right at the end."""
    weights, momenta, losses = [kernel, np.zeros(3)], [np.zeros((4, 3)), np.zeros(3)], []
    for _ in range(5):
        total = 0.0
        for start in range(0, 30, 10):
            batch, labels = x[start : start + 10], np.eye(3)[y[start : start + 10]]
            p = np.exp(batch @ weights[0] + weights[1])
            p /= p.sum(axis=1, keepdims=True)
            total -= np.sum(labels * np.log(p))
            for i, slope in enumerate((batch.T @ (p - labels) / 10, np.mean(p - labels, axis=0))):
                momenta[i] = 0.9 * momenta[i] - 0.5 * slope
                weights[i] = weights[i] + momenta[i]
        losses.append(total / 30)
    right = np.sum(np.argmax(x @ weights[0] + weights[1], axis=1) == y)
    return np.array(losses), weights, right
