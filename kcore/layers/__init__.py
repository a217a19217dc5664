"""The layers, in one flat namespace."""

from __future__ import annotations

from kcore.layers.activation.activation import Activation
from kcore.layers.activation.elu import ELU
from kcore.layers.activation.leaky_relu import LeakyReLU
from kcore.layers.activation.prelu import PReLU
from kcore.layers.activation.relu import ReLU, ThresholdedReLU
from kcore.layers.activation.softmax import Softmax
from kcore.layers.attention.group_query_attention import GroupQueryAttention
from kcore.layers.attention.multi_head_attention import MultiHeadAttention
from kcore.layers.convolutional.conv import Conv1D, Conv2D, Conv3D
from kcore.layers.convolutional.conv_transpose import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from kcore.layers.convolutional.depthwise import DepthwiseConv1D, DepthwiseConv2D
from kcore.layers.convolutional.separable import SeparableConv1D, SeparableConv2D
from kcore.layers.core.dense import Dense
from kcore.layers.core.einsum_dense import EinsumDense
from kcore.layers.core.embedding import Embedding
from kcore.layers.core.identity import Identity
from kcore.layers.core.input_layer import Input, InputLayer
from kcore.layers.core.lambda_layer import Lambda
from kcore.layers.core.masking import Masking
from kcore.layers.core.wrapper import Wrapper
from kcore.layers.input_spec import InputSpec
from kcore.layers.layer import Layer
from kcore.layers.merging.concatenate import Concatenate, concatenate
from kcore.layers.merging.dot import Dot, dot
from kcore.layers.merging.elementwise import (
    Add,
    Average,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    maximum,
    minimum,
    multiply,
    subtract,
)
from kcore.layers.normalization.batch_normalization import BatchNormalization
from kcore.layers.normalization.layer_normalization import (
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    UnitNormalization,
)
from kcore.layers.pooling.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from kcore.layers.pooling.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from kcore.layers.preprocessing.category_encoding import CategoryEncoding
from kcore.layers.preprocessing.integer_lookup import IntegerLookup
from kcore.layers.preprocessing.string_lookup import StringLookup
from kcore.layers.regularization.activity_regularization import ActivityRegularization
from kcore.layers.regularization.dropout import Dropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from kcore.layers.regularization.noise import AlphaDropout, GaussianDropout, GaussianNoise
from kcore.layers.reshaping.cropping import Cropping1D, Cropping2D, Cropping3D
from kcore.layers.reshaping.flatten import Flatten
from kcore.layers.reshaping.reshape import Permute, RepeatVector, Reshape
from kcore.layers.reshaping.up_sampling import UpSampling1D, UpSampling2D, UpSampling3D
from kcore.layers.reshaping.zero_padding import ZeroPadding1D, ZeroPadding2D, ZeroPadding3D
from kcore.layers.rnn.bidirectional import Bidirectional
from kcore.layers.rnn.gru import GRU, GRUCell
from kcore.layers.rnn.lstm import LSTM, LSTMCell
from kcore.layers.rnn.rnn import RNN
from kcore.layers.rnn.simple_rnn import SimpleRNN, SimpleRNNCell
from kcore.layers.rnn.stacked_rnn_cells import StackedRNNCells
from kcore.layers.rnn.time_distributed import TimeDistributed
from kcore.layers.serialization import deserialize, serialize

AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
AvgPool3D = AveragePooling3D
Convolution1D = Conv1D
Convolution1DTranspose = Conv1DTranspose
Convolution2D = Conv2D
Convolution2DTranspose = Conv2DTranspose
Convolution3D = Conv3D
Convolution3DTranspose = Conv3DTranspose
Deconvolution2D = Conv2DTranspose
Deconvolution3D = Conv3DTranspose
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
MaxPool3D = MaxPooling3D
SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Deconvolution2D",
    "Deconvolution3D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "GroupQueryAttention",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "IntegerLookup",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "ReLU",
    "RepeatVector",
    "Reshape",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "StackedRNNCells",
    "StringLookup",
    "Subtract",
    "ThresholdedReLU",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]
