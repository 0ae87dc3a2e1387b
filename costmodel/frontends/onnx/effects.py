"""Attributes that change no count, and why.

Every other attribute of an operator with a rule is read by the rule, by what gives its shapes, or
by what follows its samples; a test says so. Of views onnx's inference reads all attributes.
"""

from __future__ import annotations

VALUE = "a number in the arithmetic, which takes as many operations whatever it is"
CHOICE = "chooses among values or functions of about the same cost"
SHAPED = "says what shape comes out, which onnx's inference gives"
ORDER = "says along which axis or in which order elements are taken, all of which are"
STATED = "the shapes of inputs, weights or further outputs say the same"
TYPE = "a type, which the tensors have"
HINT = "a hint to the runtime, which changes no result"
OUTPUT = "says what a further output holds, which costs what its shape says"

WITHOUT_EFFECT: dict[str, tuple[str, ...]] = {
    VALUE: (
        *("epsilon", "k_norm_epsilon", "q_norm_epsilon", "qk_norm_epsilon", "alpha", "beta"),
        *("gamma", "bias", "lambd", "max", "min", "clip", "scale", "spatial_scale", "momentum"),
        *("p", "activation_alpha", "activation_beta", "activation_gamma", "activation_params"),
        *("gate_lower_bound", "limit", "swiglu_limit", "swiglu_limit_after_activation"),
        *("cubic_coeff_a", "extrapolation_value", "normalized", "value", "threshold", "offset"),
        *("imputed_value_floats", "imputed_value_int64s", "rotary_offset", "max_distance"),
        *("replaced_value_float", "replaced_value_int64", "mask_filter_value", "gate_div"),
        *("gate_mul", "silu_alpha", "reduction_scale", "routing_epsilon", "routed_scaling_factor"),
    ),
    CHOICE: (
        *("align_corners", "padding_mode", "coordinate_transformation_mode", "nearest_mode"),
        *("exclude_outside", "count_include_pad", "detect_negative", "detect_positive"),
        *("exclusive", "reverse", "input_forget", "interleaved", "rotary_interleaved", "largest"),
        *("linear_before_reset", "select_last_index", "sorted", "is_bidirectional", "upper"),
        *("mrope_layout", "mrope_section", "round_mode", "saturate", "smooth_softmax"),
        *("normalize_routing_weights", "use_sparse_mixer", "spatial", "seed", "norm", "fmod"),
        *("is_inner_broadcast", "is_packed_batching", "opset", "quant_type", "blk_quant_type"),
        *("activations", "beta_activation", "gate_activation", "approximate", "round_activation"),
        *("isinf_only", "isnan_only"),
    ),
    SHAPED: (
        *("batch_dims", "blocksize", "starts", "ends", "split", "num_outputs", "scales"),
        "keep_aspect_ratio_policy",
    ),
    ORDER: (
        *("batch_axis", "time_axis", "activation_axis", "direction", "storage_order"),
        *("order_A", "order_B", "order_X", "order_Y", "order_input", "order_output"),
        *("order_weight", "order_global_weight"),
    ),
    STATED: (
        *("hidden_size", "block_size", "lora_block_size", "quantize_axis", "lora_bits", "ndim"),
        *("offset_group", "swiglu_fusion", "sparse_block_size", "group_size", "delta_offset"),
        *("kv_cache_bit_width", "sliding_window_cache", "kv_cache_layout"),
        *("state_update_capacity", "state_window", "state_channels_last"),
    ),
    TYPE: (
        *("output_dtype", "stash_type", "softmax_precision", "precision", "mask_index_type"),
        *("k_cache_dtype", "v_cache_dtype", "k_quant_type", "v_quant_type", "packed_type"),
        *("gate_type", "up_type", "down_type"),
    ),
    HINT: (
        *("accuracy_level", "chunk_size", "weight_prepacked", "weights_prepacked"),
        "input_channel_offset",
    ),
    OUTPUT: ("output_qk", "qk_output", "qk_matmul_output_mode"),
}
"""Names that no rule reads, by the reason."""
CONVOLUTIONS = ("Conv", "ConvInteger", "ConvTranspose", "DeformConv", "QLinearConv")
CONTRIB_CONVOLUTIONS = (
    *("ConvTransposeWithDynamicPads", "FusedConv", "NhwcConv", "NhwcFusedConv", "QLinearConv"),
)
PACKED = ("MatMulNBits", "MatMulNBitsMlp", "MatMulNBitsQLoRA", "MatMulNBitsQkv")


def _contrib(*operators: str) -> tuple[str, ...]:
    """Operators of ONNX Runtime's own domain as the rules name them."""
    return tuple(f"com.microsoft:{operator}" for operator in operators)


ELSEWHERE: dict[str, dict[str, tuple[str, ...]]] = {
    "activation": {CHOICE: _contrib("GatedRMSNorm", "MatMulNBitsMlp", "RouterGateUpProj")},
    "activation_type": {STATED: _contrib("MoEPacked")},
    "axes": {SHAPED: ("CenterCropPad", "Resize", "Slice")},
    "axis": {
        SHAPED: ("Split",),
        ORDER: (
            *("DequantizeLinear", "QuantizeLinear"),
            *("Scatter", "ScatterElements", "TensorScatter"),
            *_contrib("BiasSoftmax", "DequantizeLinear", "QuantizeLinear"),
        ),
    },
    "bits": {STATED: _contrib(*PACKED)},
    "dilation": {STATED: _contrib("VarlenCausalConvWithState")},
    "dtype": {TYPE: ("EyeLike",)},
    "k": {SHAPED: ("TopK",), ORDER: ("EyeLike",)},
    "keepdims": {SHAPED: ("ArgMax", "ArgMin")},
    "kernel_shape": {STATED: (*CONVOLUTIONS, *_contrib(*CONTRIB_CONVOLUTIONS))},
    "mode": {
        CHOICE: ("Pad", "RoiAlign", "TensorScatter", *_contrib("Pad")),
        ORDER: ("DepthToSpace", "SpaceToDepth"),
    },
    "num_branches": {STATED: _contrib("BranchwiseRMSNorm")},
    "pads": {SHAPED: ("Pad",)},
    "to": {TYPE: ("Cast",)},
    "training_mode": {HINT: _contrib("MatMulBnb4")},
}
"""Names that some rules read, and the operators whose rule need not, by the reason."""


def reason(word: str, attribute: str) -> str | None:
    """Why an attribute of an operator has no effect on any count; None where it has to be read."""
    if attribute in ELSEWHERE:
        kinds = ELSEWHERE[attribute].items()
        return next((why for why, operators in kinds if word in operators), None)
    return next((why for why, names in WITHOUT_EFFECT.items() if attribute in names), None)
