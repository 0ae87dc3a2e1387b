"""Operators without a rule: which cost nothing by nature, and which cannot be counted, and why.

Every operator of ai.onnx (all its domains) and com.microsoft has a rule, is a view, becomes its
body (`bodies.py`), or stands in one of these tables; a test says so.
"""

from __future__ import annotations

CONSTANT = "does not depend on the network's input: folded"
RUNS = "runs graphs: what they do is counted"
LISTED = "keeps maps in a list: nothing moves"
FREE: dict[str, str] = {
    **dict.fromkeys(("Constant", "ConstantOfShape", "Shape", "Size"), CONSTANT),
    **dict.fromkeys(("RandomNormal", "RandomUniform", "MelWeightMatrix"), CONSTANT),
    **dict.fromkeys(("com.microsoft:Range",), CONSTANT),
    **dict.fromkeys(("If", "Loop", "Scan", "SequenceMap"), RUNS),
    **dict.fromkeys(
        (
            *("SequenceConstruct", "SequenceInsert", "SequenceErase", "SequenceAt"),
            *("SequenceEmpty", "SequenceLength", "SplitToSequence", "ConcatFromSequence"),
        ),
        LISTED,
    ),
    **dict.fromkeys(("Optional", "OptionalGetElement", "OptionalHasElement"), LISTED),
}
"""Operators that cost nothing, or whose costs stand elsewhere, by the reason."""

SHAPE = "the shape of what it gives depends on the data"
WORK = "its work depends on the data"
RANDOM = "how a random number is drawn is the runtime's own"
TEXT = "works on texts or dictionaries"
INSIDE = "its parameters are attributes, not stored tensors"
TRAINING = "an operator of training: such files are refused"
OPAQUE = "a compiled part of a network, whose contents are not in the file"
SEARCH = "runs a decoder an unknown number of times"
RARE = "no rule yet: its work is not counted"
UNCOUNTED: dict[str, str] = {
    **dict.fromkeys(("NonMaxSuppression", "Unique", "com.microsoft:Unique"), SHAPE),
    **dict.fromkeys(("com.microsoft:RemovePadding", "com.microsoft:RestorePadding"), SHAPE),
    **dict.fromkeys(("RandomNormalLike", "RandomUniformLike", "Multinomial"), RANDOM),
    **dict.fromkeys(
        (
            *("StringSplit", "StringConcat", "StringNormalizer", "RegexFullMatch"),
            *("TfIdfVectorizer", "ImageDecoder", "com.microsoft:Tokenizer"),
            *(f"ai.onnx.ml:{op}" for op in ("ZipMap", "DictVectorizer", "CategoryMapper")),
            *(f"ai.onnx.ml:{op}" for op in ("CastMap", "LabelEncoder", "OneHotEncoder")),
        ),
        TEXT,
    ),
    **dict.fromkeys(
        (
            *(f"ai.onnx.ml:{op}" for op in ("LinearClassifier", "LinearRegressor")),
            *(f"ai.onnx.ml:{op}" for op in ("SVMClassifier", "SVMRegressor")),
            *(f"ai.onnx.ml:TreeEnsemble{op}" for op in ("", "Classifier", "Regressor")),
        ),
        INSIDE,
    ),
    **dict.fromkeys(
        (f"ai.onnx.preview.training:{op}" for op in ("Adagrad", "Adam", "Momentum", "Gradient")),
        TRAINING,
    ),
    **dict.fromkeys(("com.microsoft:EPContext", "com.microsoft:Snpe"), OPAQUE),
    **dict.fromkeys(
        (
            f"com.microsoft:{op}"
            for op in ("BeamSearch", "GreedySearch", "Sampling", "WhisperBeamSearch")
        ),
        SEARCH,
    ),
    **dict.fromkeys(
        (
            f"com.microsoft:{op}"
            for op in (
                *("DynamicTimeWarping", "NGramRepeatBlock", "BifurcationDetector", "MurmurHash3"),
                *("NGramHashMapping", "VarlenNGramHashMapping", "SpeculativePrefixCommit"),
                *("PackedSparseAttentionIndexer", "PackedSparseAttentionIndexerMerge"),
                *("SparseAttentionIndexer", "DynamicSparseAttention", "SparsePagedAttention"),
                *("ConvStateReplay", "GatedDeltaNetStateReplay", "MoEGroupRouter"),
            )
        ),
        WORK,
    ),
    **dict.fromkeys(("ai.onnx.ml:ArrayFeatureExtractor", "ai.onnx.ml:FeatureVectorizer"), RARE),
    **dict.fromkeys(
        (
            f"com.microsoft:{op}"
            for op in (
                *("AttnLSTM", "WordConvEmbedding", "Mamba2Verify", "RMSNormRotary"),
                *("GatherPacked", "QuantizeBFP", "DequantizeBFP", "SampleOp"),
            )
        ),
        RARE,
    ),
}
"""Operators that a network may hold and that are counted as data movement, by the reason."""
