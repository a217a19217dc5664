"""Every error is the built-in type that a Keras user expects."""

import pytest

from kcore import errors

EXPECTED = {
    "InvalidArgumentError": ValueError,
    "InvalidTypeError": TypeError,
    "ShapeError": ValueError,
    "DtypeError": TypeError,
    "CaptureAttributeError": AttributeError,
    "CaptureError": RuntimeError,
    "GradientError": ValueError,
    "BackendError": RuntimeError,
    "BackendNotFoundError": ValueError,
    "BackendUnavailableError": ImportError,
    "BackendIncompleteError": RuntimeError,
    "BackendMismatchError": ValueError,
    "UnsupportedError": NotImplementedError,
    "UnknownShapeError": NotImplementedError,
    "SerializationError": ValueError,
    "PluginError": RuntimeError,
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_an_error_is_a_kcore_error_and_a_builtin_one(name):
    error = getattr(errors, name)
    assert issubclass(error, errors.KcoreError)
    assert issubclass(error, EXPECTED[name])


def test_all_errors_are_exported_and_drawn_in_the_module_text():
    defined = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert set(errors.__all__) == defined == {*EXPECTED, "KcoreError"}
    assert all(name in (errors.__doc__ or "") for name in defined)
    assert errors.__all__ == sorted(errors.__all__)


def test_a_backend_that_is_missing_is_a_backend_error():
    with pytest.raises(errors.BackendError, match="no engine"):
        raise errors.BackendUnavailableError("no engine")
