"""Every tally against an oracle of its own: arithmetic by hand, torch, definitions that count.

A case gives all of a tally's counts; what it does not name is zero. `tests/mutate_tallies.py` shows
that no coefficient of any tally can change without a red test here.
"""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import Any

import counted
import numpy as np
import pytest
import torch
from counted import DEFINED, Defined, Hand
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from costmodel.core import kinds
from costmodel.core.builder import apply
from costmodel.core.layer import make
from costmodel.core.part import Part
from costmodel.core.tally import Tally
from costmodel.errors import BadValue
from costmodel.models.layers import arithmetic, recurrent, reduce

GEOMETRY = ("in_elements", "out_elements", "in_channels")
POOLED = {"kernel": [2, 3], "stride": [3, 2], "padding": [1, 0]}
SOFTMAX = dict.fromkeys(("muls", "exps", "adds", "divs"), 4 * 3 * 7)
NORM = dict.fromkeys(("bn_scale", "bn_shift", "bn_mean", "bn_variance"), 6)
HAND = [
    # 5 tokens look up rows of 8; the table is 11 x 8
    Hand("embedding", {"vocabulary": 11, "features": 8}, ((5,),), (5, 40, 5), {"weights": 88}),
    # two products and an addition for each of 5 x 4 elements
    Hand("rotary", {"turned": 4}, ((5, 8),), (40, 40, 5), {"muls": 40, "adds": 20}),
    # 5 x 4 outputs: an exponential, an addition, a division and a product each
    Hand("glu", {}, ((5, 8),), (40, 20, 5), {"exps": 20, "adds": 20, "divs": 20, "muls": 20}),
    Hand("last_token", {}, ((5, 8),), (40, 8, 5), {}),
    Hand("all_reduce", {"devices": 2}, ((5, 8),), (40, 40, 5), {}),
    # 5 tokens: a router of 8 x 4, 2 experts each and a shared network of 3 features, 3 matrices of 8 x 6 and of 8 x 3:
    # 5 (32 + 72) + 10 x 144 multiply-adds; 10 x 6 + 5 x 3 gated; weights 4 x 144 + 32 + 72; 2 x 8 additions a token
    Hand("moe", {"experts": 4, "top_k": 2, "hidden": 6, "shared": 3}, ((5, 8),), (40, 40, 5),
         {"macs": 1960, "exps": 75, "divs": 75, "muls": 75, "adds": 75 + 80, "weights": 680},
         torch=False),
    # one of two devices: all of the router, 2 of the 4 experts and half of the 10 tokens sent to all
    Hand("moe", {"experts": 4, "top_k": 2, "hidden": 6, "devices": 2}, ((5, 8),), (40, 40, 5),
         {"macs": 5 * 32 + 5 * 144, "exps": 30, "divs": 30, "muls": 30, "adds": 30 + 80,
          "weights": 2 * 144 + 32}, torch=False),
    # 5 tokens: a router of 8 x 4 and one expert of 3 matrices of 8 x 6, with biases of 6 + 6 + 8 and of 4
    Hand("moe", {"experts": 4, "top_k": 1, "hidden": 6, "bias": True}, ((5, 8),), (40, 40, 5),
         {"macs": 880, "exps": 30, "divs": 30, "muls": 30, "adds": 30 + 40, "weights": 608,
          "biases": 84}),
    # Q, K and V of 4 heads of 8: 25 scores a head, of 16 multiply-adds
    Hand("attention", {"heads": 4}, ((5, 32), (5, 32), (5, 32)), (480, 160, 5),
         {"macs": 1600, "muls": 100, "exps": 100, "adds": 100, "divs": 100}),
    # the same with a norm of Q and K: two products and an addition for each of 2 x 160 elements, two scales of 8
    Hand("attention", {"heads": 4, "qk_norm": True, "sinks": True}, ((5, 32), (5, 32), (5, 32)),
         (480, 160, 5), {"macs": 1600, "muls": 100 + 640, "exps": 100, "adds": 100 + 320,
                         "divs": 100, "weights": 16, "biases": 4}),
    # one map of Q (4 heads), K and V (2 heads each) of 8: place i sees i + 1 keys, 15 in all, of 16 multiply-adds; torch's
    # plain form works on all 25
    Hand("attention", {"heads": 4, "kv_heads": 2, "causal": True}, ((5, 64),), (320, 160, 5),
         {"macs": 960, "muls": 60, "exps": 60, "adds": 60, "divs": 60}, torch=False),
    # one map of 3 heads of Q and one each of K and V, of 40 / 5: 25 scores a head
    Hand("attention", {"heads": 3, "kv_heads": 1}, ((5, 40),), (200, 120, 5),
         {"macs": 75 * 16, "muls": 75, "exps": 75, "adds": 75, "divs": 75}),
    # 2 x 3 heads of 2 x 7 scores
    Hand("attention", {}, ((2, 3, 2, 8), (2, 3, 7, 8), (2, 3, 7, 6)), (96 + 336 + 252, 72, 2),
         {"macs": 84 * 14, **SOFTMAX}),
    # of a window of 2 the first place sees 1 key, four others 2: 9 for each of 4 heads
    Hand("attention", {"heads": 4, "kv_heads": 2, "causal": True, "window": 2}, ((5, 64),),
         (320, 160, 5), {"macs": 36 * 16, "muls": 36, "exps": 36, "adds": 36, "divs": 36},
         torch=False),
    # with a cache the last of 5 queries is the newer of 2 tokens: 0 + 0 + 0 + 1 + 2 keys; without
    # one 1 + 2 + 2 + 2 + 2
    Hand("attention", {"causal": True, "cache": True}, ((4, 5, 8), (4, 2, 8), (4, 2, 6)),
         (160 + 64 + 48, 120, 4),
         {"macs": 12 * 14, "muls": 12, "exps": 12, "adds": 12, "divs": 12}, torch=False),
    Hand("attention", {"causal": True}, ((4, 5, 8), (4, 2, 8), (4, 2, 6)), (160 + 64 + 48, 120, 4),
         {"macs": 36 * 14, "muls": 36, "exps": 36, "adds": 36, "divs": 36}, torch=False),
    # 2 tokens after 2 in maps and 3 in a state see 6 and 7 keys, of a window of 6 no more than 6
    Hand("attention", {"causal": True, "past": 2, "context": 3},
         ((4, 2, 8), (4, 2, 8), (4, 2, 6), (4, 2, 8), (4, 2, 6)),
         (64 + 64 + 48 + 64 + 48, 48, 4),
         {"macs": 52 * 14, "muls": 52, "exps": 52, "adds": 52, "divs": 52}, torch=False),
    Hand("attention", {"causal": True, "past": 2, "context": 3, "window": 6},
         ((4, 2, 8), (4, 2, 8), (4, 2, 6), (4, 2, 8), (4, 2, 6)),
         (64 + 64 + 48 + 64 + 48, 48, 4),
         {"macs": 48 * 14, "muls": 48, "exps": 48, "adds": 48, "divs": 48}, torch=False),
    # one key stands before the first of 3 causal queries: 2 + 3 + 4 of 7 keys; two more ahead: 4 + 5 + 6
    Hand("attention", {"causal": True, "offset": 1}, ((4, 3, 8), (4, 7, 8), (4, 7, 6)),
         (96 + 224 + 168, 72, 4),
         {"macs": 36 * 14, "muls": 36, "exps": 36, "adds": 36, "divs": 36}, torch=False),
    Hand("attention", {"causal": True, "offset": 1, "ahead": 2, "window": 3},
         ((4, 3, 8), (4, 7, 8), (4, 7, 6)), (96 + 224 + 168, 72, 4),
         # less 0 + 0 + 1 keys before the window
         {"macs": 56 * 14, "muls": 56, "exps": 56, "adds": 56, "divs": 56}, torch=False),
    # cap * tanh(score / cap): two products, an exponential, two additions and a division for 84 scores
    Hand("attention", {"softcap": True}, ((4, 3, 8), (4, 7, 8), (4, 7, 6)), (96 + 224 + 168, 72, 4),
         {"macs": 84 * 14, "muls": 252, "exps": 168, "adds": 252, "divs": 168}, torch=False),
    # what is stated; 8 x 4 x 5 and 6 of 2 x 3 x 5 multiply-adds
    Hand("computed", {"shapes": [[3, 2]], "adds": 1, "muls": 2, "divs": 3, "compares": 4, "exps": 5},
         ((3, 4),), (12, 6, 3), {"adds": 1, "muls": 2, "divs": 3, "compares": 4, "exps": 5}),
    Hand("products", {"shapes": [[5, 8]], "products": [[8, 4, 5, 1], [2, 3, 5, 6]], "muls": 7},
         ((5, 4),), (20, 40, 5), {"macs": 160 + 180, "muls": 7}, torch=False),
    Hand("update", {}, ((8, 16), (1, 16)), (144, 16, 8), {}),
    # two axes of 2 taps each and 7 x 3 x 3 outputs: four products and two additions each
    Hand("resize", {"size": [7, 3], "taps": [2, 2]}, ((3, 4, 5),), (60, 63, 3),
         {"muls": 4 * 63, "adds": 2 * 63}),
    # without a mask 2 queries see the last 6 of 7 keys
    Hand("attention", {"context": 5, "window": 6}, ((4, 2, 8), (4, 2, 8), (4, 2, 6)),
         (64 + 64 + 48, 48, 4),
         {"macs": 48 * 14, "muls": 48, "exps": 48, "adds": 48, "divs": 48}, torch=False),
    # 13 rows (12 + 1) hold (13 - 5) / 1 + 1 = 9 windows that span 2 * 2 + 1, 19 columns (14 + 5)
    # hold floor((19 - 5) / 2) + 1 = 8; a filter sees 4 / 2 channels: 3 * 5 * 2 * 6 weights
    Hand("conv2d", {"filters": 6, "kernel": [3, 5], "stride": [1, 2], "padding": [0, 1, 2, 3],
                    "dilation": [2, 1], "groups": 2, "bias": True}, ((4, 12, 14),),
         (4 * 12 * 14, 6 * 9 * 8, 4), {"weights": 180, "macs": 180 * 9 * 8, "biases": 6}),
    # 7 frames, each convolved alone: 2 * 3 * 4 * 5 weights at 5 x 6 places of each
    Hand("conv2d", {"filters": 5, "kernel": [2, 3]}, ((7, 4, 6, 8),),
         (7 * 4 * 6 * 8, 7 * 5 * 5 * 6, 4), {"weights": 120, "macs": 120 * 30 * 7}, torch=False),
    # floor((11 + 1 - 3) / 2) + 1 = 5 places; 3 * 4 / 2 * 10 weights
    Hand("conv1d", {"filters": 10, "kernel": 3, "stride": 2, "padding": [1, 0], "groups": 2,
                    "bias": True}, ((4, 11),),
         (4 * 11, 10 * 5, 4), {"weights": 60, "macs": 60 * 5, "biases": 10}),
    # 5 x (8 + 2 - 3 + 1) x (7 - 2 + 1) places; 1 * 3 * 2 * 4 * 6 weights
    Hand("conv3d", {"filters": 6, "kernel": [1, 3, 2], "padding": [0, 1, 0]}, ((4, 5, 8, 7),),
         (4 * 5 * 8 * 7, 6 * 5 * 8 * 6, 4), {"weights": 144, "macs": 144 * 5 * 8 * 6}),
    # padding "same": ceil(7 / 2) x ceil(10 / 2) places; a kernel of 15 for each of 4 * 3 outputs
    Hand("depthwise_conv2d", {"kernel": [3, 5], "stride": 2, "padding": "same", "multiplier": 3,
                              "bias": True}, ((4, 7, 10),),
         (4 * 7 * 10, 12 * 4 * 5, 4), {"weights": 180, "macs": 180 * 20, "biases": 12}),
    # 2 frames of 4 x 6 places; 9 * 5 weights
    Hand("depthwise_conv2d", {"kernel": 3}, ((2, 5, 6, 8),),
         (2 * 5 * 6 * 8, 2 * 5 * 4 * 6, 5), {"weights": 45, "macs": 45 * 24 * 2}, torch=False),
    # 9 + 4 elements hold 7 windows that span 2 * 3 + 1; 4 * 5 weights
    Hand("depthwise_conv1d", {"kernel": 4, "padding": [3, 1], "dilation": 2}, ((5, 9),),
         (5 * 9, 5 * 7, 5), {"weights": 20, "macs": 20 * 7}),
    # 3 x 6 x 9 places; 2 * 3 * 1 weights for each of 5 * 2 outputs
    Hand("depthwise_conv3d", {"kernel": [2, 3, 1], "multiplier": 2, "bias": True}, ((5, 4, 8, 9),),
         (5 * 4 * 8 * 9, 10 * 162, 5), {"weights": 60, "macs": 60 * 162, "biases": 10}),
    # each of 6 * 5 * 7 inputs is spread over 3 * 4 places of 4 / 2 filters;
    # rows 2 * (5 - 1) + (2 * 2 + 1) - 2 + 1 = 12, columns 2 * (7 - 1) + 4 - 2 = 14
    Hand("conv_transpose2d", {"filters": 4, "kernel": [3, 4], "stride": 2, "padding": 1,
                              "output_padding": [1, 0], "groups": 2, "bias": True,
                              "dilation": [2, 1]}, ((6, 5, 7),),
         (6 * 5 * 7, 4 * 12 * 14, 6), {"weights": 6 * 24, "macs": 6 * 5 * 7 * 24, "biases": 4}),
    # 2 frames; an input is spread over 2 * 5 places of 3 filters; 6 + 1 rows, 7 + 4 columns
    Hand("conv_transpose2d", {"filters": 3, "kernel": [2, 5]}, ((2, 4, 6, 7),),
         (336, 2 * 3 * 7 * 11, 4), {"weights": 4 * 30, "macs": 336 * 30}, torch=False),
    # 2 * (5 - 1) + 4 - 2 = 10 places; spread over 4 * 3
    Hand("conv_transpose1d", {"filters": 3, "kernel": 4, "stride": 2, "padding": 1}, ((2, 5),),
         (10, 3 * 10, 2), {"weights": 24, "macs": 10 * 12}),
    # (2 * 4 + 2) x (2 * 5 + 3) x (2 * 2 + 1) places; spread over 6 * 7
    Hand("conv_transpose3d", {"filters": 7, "kernel": [2, 3, 1], "stride": 2}, ((4, 5, 6, 3),),
         (360, 7 * 10 * 13 * 5, 4), {"weights": 4 * 42, "macs": 360 * 42}),
    # 7 tokens of 8 features; 3 * 2 * 4 * 5 vectors of 7 features
    Hand("linear", {"features": 12, "bias": False}, ((7, 8),), (7 * 8, 7 * 12, 7),
         {"weights": 8 * 12, "macs": 8 * 12 * 7}),
    Hand("linear", {"features": 12, "axis": 2}, ((3, 2, 7, 4, 5),), (120 * 7, 120 * 12, 3),
         {"weights": 7 * 12, "macs": 7 * 12 * 120, "biases": 12}),
    # m k n for each leading index
    Hand("matmul", {}, ((5, 7), (7, 3)), (35 + 21, 15, 5), {"macs": 5 * 7 * 3}),
    Hand("matmul", {"transpose": True}, ((4, 5, 8), (4, 6, 8)), (160 + 192, 120, 4),
         {"macs": 4 * 5 * 8 * 6}),
    Hand("matmul", {}, ((4, 5, 6), (1, 6, 8)), (120 + 48, 4 * 5 * 8, 4), {"macs": 4 * 5 * 6 * 8}),
    Hand("matmul", {"constant": [4, 6, 8]}, ((4, 5, 6),), (120, 4 * 5 * 8, 4),
         {"macs": 4 * 5 * 6 * 8, "weights": 4 * 6 * 8}),
    Hand("matmul", {"constant": [4, 9, 5], "constant_first": True}, ((4, 5, 6),),
         (120, 4 * 9 * 6, 4), {"macs": 4 * 9 * 5 * 6, "weights": 4 * 9 * 5}),
    # one product for each combination of the axes h, i, d, j, one of which is stretched
    Hand("einsum", {"equation": "hid,hjd->hij"}, ((4, 5, 8), (1, 6, 8)), (160 + 48, 120, 4),
         {"macs": 4 * 5 * 8 * 6}),
    Hand("einsum", {"equation": "td,df->tf", "constants": [[8, 9]]}, ((7, 8),), (56, 63, 7),
         {"macs": 7 * 8 * 9, "weights": 72}),
    # (ij)(jk) first: 2 * 3 * 5 + 2 * 5 * 7 = 100; the other way 3 * 5 * 7 + 2 * 3 * 7 = 147
    Hand("einsum", {"equation": "ij,jk,kl->il", "constants": [[5, 7]]}, ((2, 3), (3, 5)),
         (6 + 15, 14, 2), {"macs": 100, "weights": 35}),
    # (jk)(kl) first: 2 * 3 * 4 + 9 * 2 * 4 = 96; left to right 9 * 2 * 3 + 9 * 3 * 4 = 162
    Hand("einsum", {"equation": "ij,jk,kl->il"}, ((9, 2), (2, 3), (3, 4)),
         (18 + 6 + 12, 36, 9), {"macs": 96}, torch=False),
    # a sum of one operand has no product: 7 rows of 8 elements, 7 additions each
    Hand("einsum", {"equation": "ij->i"}, ((7, 8),), (56, 7, 7), {"adds": 49}),
    # a is in the first alone: 3 sums of 2 elements; then one product for each b and c
    Hand("einsum", {"equation": "ab,bc->c"}, ((2, 3), (3, 5)), (6 + 15, 5, 2),
         {"adds": 3, "macs": 15}),
    # 4 * 3 * 7 scores of 8 products each, then as many times 6; a score is scaled (a product), and
    # takes softmax's exponential, addition and division
    Hand("attention", {}, ((4, 3, 8), (4, 7, 8), (4, 7, 6)), (96 + 224 + 168, 4 * 3 * 6, 4),
         {"macs": 84 * (8 + 6), **SOFTMAX}),
    # two of the 4 heads share one of K and V (torch's twin takes no shared heads); 5 of the 7
    # tokens stand in maps of their own
    Hand("attention", {}, ((4, 3, 8), (2, 7, 8), (2, 7, 6)), (96 + 112 + 84, 4 * 3 * 6, 4),
         {"macs": 84 * (8 + 6), **SOFTMAX}, torch=False),
    Hand("attention", {"past": 5}, ((4, 3, 8), (4, 2, 8), (4, 2, 6), (4, 5, 8), (4, 5, 6)),
         (96 + 64 + 48 + 160 + 120, 72, 4), {"macs": 84 * (8 + 6), **SOFTMAX}, torch=False),
    # convention: an exponential and a product with the state for each gate of each unit.
    # 4 gates of 4 units see 3 features and 4 units, with two biases each, in 5 steps
    Hand("recurrent", {"cell": "lstm", "hidden": 4}, ((5, 3),), (15, 20, 5),
         {"weights": 16 * 7, "macs": 16 * 7 * 5, "biases": 2 * 16, "exps": 80, "muls": 80}),
    # 2 directions of 3 gates of 4 units; then 2 directions of 4 units, two biases each
    Hand("recurrent", {"cell": "gru", "hidden": 4, "bidirectional": True, "bias": False}, ((5, 3),),
         (15, 40, 5), {"weights": 24 * 7, "macs": 24 * 7 * 5, "exps": 24 * 5, "muls": 24 * 5}),
    Hand("recurrent", {"cell": "rnn", "hidden": 4, "bidirectional": True}, ((5, 3),), (15, 40, 5),
         {"weights": 8 * 7, "macs": 8 * 7 * 5, "biases": 2 * 8, "exps": 40, "muls": 40}),
    # 5 steps of 2 sequences
    Hand("recurrent", {"cell": "rnn", "hidden": 4, "bias": False}, ((5, 2, 3),), (30, 40, 5),
         {"weights": 4 * 7, "macs": 4 * 7 * 10, "exps": 40, "muls": 40}, torch=False),
    # (9 + 2 - 2) / 3 + 1 = 4 by (11 - 3) / 2 + 1 = 5 windows of 6, which 5 steps join; a mean
    # divides once more
    Hand("max_pool", POOLED, ((4, 9, 11),), (396, 80, 4), {"compares": 5 * 80}),
    Hand("avg_pool", POOLED, ((4, 9, 11),), (396, 80, 4), {"adds": 5 * 80, "divs": 80}),
    # (9 - 5) / 2 + 1 = 3 windows of 3 elements; floor((10 + 2 - 3) / 3) + 1 = 4 of 3
    Hand("max_pool1d", {"kernel": 3, "stride": 2, "dilation": 2}, ((4, 9),), (36, 12, 4),
         {"compares": 2 * 12}),
    Hand("avg_pool1d", {"kernel": 3, "padding": 1}, ((4, 10),), (40, 16, 4),
         {"adds": 2 * 16, "divs": 16}),
    # 3 x floor((8 + 2 - 4) / 4) + 1 = 2 x floor((7 - 2) / 2) + 1 = 3 windows of 8; 1 x 4 x 3 of 8
    Hand("max_pool3d", {"kernel": [1, 4, 2], "padding": [0, 1, 0]}, ((4, 3, 8, 7),), (672, 72, 4),
         {"compares": 7 * 72}),
    Hand("avg_pool3d", {"kernel": 2}, ((5, 3, 8, 7),), (840, 60, 5), {"adds": 7 * 60, "divs": 60}),
    Hand("fractional_max_pool", {"size": [6, 2], "kernel": [3, 2]}, ((4, 10, 5),), (200, 48, 4),
         {"compares": 5 * 48}),
    # 14 additions join 3 * 5 elements, 8 join 9
    Hand("global_avg_pool", {}, ((6, 3, 5),), (90, 6, 6), {"adds": 14 * 6, "divs": 6}),
    Hand("global_avg_pool", {"axes": 1, "keep_dims": True}, ((6, 9),), (54, 6, 6),
         {"adds": 8 * 6, "divs": 6}),
    # y = a x + b with a, b fixed; four values per channel
    Hand("batch_norm", {}, ((6, 5, 4),), (120, 120, 6), {"muls": 120, "adds": 120, **NORM}),
    Hand("batch_norm", {"axis": 1}, ((5, 6, 4),), (120, 120, 6),
         {"muls": 120, "adds": 120, **NORM}),
    # as the definition counts: 4 additions, 3 products; 6 channels
    Hand("group_norm", {"groups": 3, "axis": 1}, ((5, 6, 4),), (120, 120, 6),
         {"adds": 4 * 120, "muls": 3 * 120, "weights": 6, "biases": 6}),
    # n operands take n - 1 steps, stretched ones on each output element
    Hand("add", {}, ((3, 4, 5), (3, 1, 1)), (63, 60, 3), {"adds": 60}),
    Hand("add", {"weights": [0.5, 0.25, 2.0]}, ((3, 4, 5),) * 3, (180, 60, 3),
         {"adds": 2 * 60, "muls": 3 * 60}),
    Hand("add", {"constants": [[7, 8], [8]]}, ((7, 8),), (56, 56, 7),
         {"adds": 2 * 56, "weights": 56 + 8}),
    # a bias starts an accumulator elsewhere
    Hand("add", {"bias": 3}, ((3, 4, 5),), (60, 60, 3), {"biases": 3}),
    Hand("mul", {}, ((3, 4, 5), (3, 4, 5), (1, 4, 1)), (124, 60, 3), {"muls": 2 * 60}),
    # a mere number is an operand and no weight (the twin holds it as one)
    Hand("mul", {"constants": [[8], []]}, ((7, 8),), (56, 56, 7), {"muls": 2 * 56, "weights": 8},
         torch=False),
    Hand("concat", {"constants": [[2, 8]]}, ((7, 8), (3, 8)), (80, 96, 7), {"weights": 16}),
    Hand("concat_in_place", {"axis": 1}, ((3, 4), (3, 2)), (18, 18, 3), {}),
    # 4 * 5 lines of 3: two additions each; 3 * 5 lines of 4: three comparisons each
    Hand("cumulative_sum", {}, ((3, 4, 5),), (60, 60, 3), {"adds": 2 * 20}),
    Hand("search", {"axis": 1}, ((3, 4, 5),), (60, 15, 3), {"compares": 3 * 15}),
    # convention: one pass, however many are kept; places come out beside values
    Hand("search", {"axis": 1, "keep": 2, "both": True}, ((3, 4, 5),), (60, 2 * 30, 3),
         {"compares": 3 * 15}),
    # what moves or is seen under another shape takes no arithmetic; a table is a weight
    Hand("transpose", {"axes": [2, 0, 1]}, ((3, 4, 5),), (60, 60, 3), {}),
    Hand("resize", {"scale": [2, 3]}, ((3, 4, 5),), (60, 3 * 8 * 15, 3), {}),
    Hand("copy", {"shape": [3, 8, 5]}, ((3, 4, 5),), (60, 120, 3), {}),
    Hand("cast", {}, ((3, 4, 5),), (60, 60, 3), {}),
    Hand("piece", {"shapes": [[1, 8], [2, 8]]}, ((4, 8),), (32, 24, 4), {}),
    Hand("gather", {"table": [100, 8]}, ((5,),), (5, 40, 5), {"weights": 800}),
    Hand("gather", {"shape": [3, 8]}, ((7, 8), (3,)), (59, 24, 7), {}),
    Hand("strided_view", {"shapes": [[4, 3, 5]]}, ((3, 4, 5),), (60, 60, 3), {}),
    Hand("strided_slice", {"stride": [2, 3], "offset": [1, 2]}, ((3, 8, 9),), (216, 36, 3), {}),
    Hand("channel_split", {"sizes": [1, 3]}, ((4, 5, 6),), (120, 120, 4), {}),
    Hand("channel_shuffle", {"groups": 2}, ((6, 4, 5),), (120, 120, 6), {}),
    Hand("flatten", {}, ((3, 4, 5),), (60, 60, 3), {}),
    Hand("reshape", {"shape": [4, 15]}, ((3, 4, 5),), (60, 60, 3), {}),
    # what the file states; the twin holds no weights
    Hand("unknown", {"shapes": [[3, 4, 5], [2]], "weights": 11}, ((3, 4, 5), (6,)), (66, 62, 3),
         {"weights": 11}, torch=False),
]  # fmt: skip


def named(case: Hand | Defined) -> str:
    """The name of a case in pytest's output."""
    return "-".join((case.kind, *(v for v in case.attributes.values() if isinstance(v, str))))


BY_HAND = pytest.mark.parametrize("case", HAND, ids=named)
BY_DEFINITION = pytest.mark.parametrize("case", DEFINED, ids=named)


def part_of(case: Hand | Defined) -> Part:
    """The layer of a case on its inputs, as the program works it out."""
    return apply(make(kinds.get(case.kind), case.attributes), case.inputs)


def counts_of(tally: Tally) -> dict[str, int]:
    """Work and parameters that are not zero."""
    names = (name for name in Tally.__dataclass_fields__ if name not in GEOMETRY)
    return {name: count for name in names if (count := getattr(tally, name))}


def twin_of(case: Hand | Defined) -> tuple[Any, list[Any], list[torch.Tensor]]:
    """Torch's twin in double precision, samples for it, and the parameters it holds."""
    torch.manual_seed(1)
    twin = make(kinds.get(case.kind), case.attributes).twin(torch, case.inputs)
    held = []
    if isinstance(twin, torch.nn.Module):
        twin = twin.double().eval()
        held = [torch.nn.init.uniform_(value, 0.5, 2.0) for value in twin.parameters()]
    positive = isinstance(case, Hand) or case.attributes.get("function") in counted.POSITIVE
    low = 0.3 if positive else -8.0
    return twin, [torch.empty(1, *shape).double().uniform_(low, 8.0) for shape in case.inputs], held


@BY_HAND
def test_counts_by_hand(case: Hand) -> None:
    assert counts_of(part_of(case).tally) == case.counts


@BY_DEFINITION
def test_counts_by_definition(case: Defined) -> None:
    """The tally, the shapes' elements and the numbers are those of the definition."""
    twin, maps, held = twin_of(case)
    ledger: Counter[str] = Counter()
    inputs = [counted.counted(samples[0].numpy(), ledger) for samples in maps]
    result = case.definition(*inputs, *(value.detach().numpy() for value in held))
    tally = part_of(case).tally
    assert counts_of(tally) == {**ledger, **case.parameters}
    geometry = sum(map(prod, case.inputs)), np.size(result), case.inputs[0][0]
    assert tuple(getattr(tally, name) for name in GEOMETRY) == geometry
    if case.torch:
        torchs = twin(*maps)[0].detach().double().numpy()
        np.testing.assert_allclose(counted.values(result), torchs, rtol=1e-9)


@BY_HAND
def test_geometry_by_hand(case: Hand) -> None:
    tally = part_of(case).tally
    assert (tally.in_elements, tally.out_elements) == case.geometry[:2]
    assert case.geometry[2] in (None, tally.in_channels)


@pytest.mark.parametrize("case", [*HAND, *DEFINED], ids=named)
def test_tasks_share_the_work(case: Hand | Defined) -> None:
    """What the engines do together is the layer's work; attention's softmax runs on the host."""
    part = part_of(case)
    tasks = [(task.engine, counts_of(task.tally)) for task in part.layer.tasks(part.tally)]
    shared = sum((Counter(counts) for _, counts in tasks), Counter[str]())
    assert shared == counts_of(part.tally)
    if case.kind == "attention" and not case.attributes:
        assert tasks == [("matrix", {"macs": 84 * 14}), ("host", SOFTMAX)]


@pytest.mark.parametrize(
    ("attributes", "routine"),
    [({}, "dense"), ({"cache": True}, "prefill"), ({"cache": True, "context": 2}, "attend")],
)
def test_attention_runs_as_what_it_keeps(attributes: dict[str, Any], routine: str) -> None:
    """A product; a prompt's whose keys are kept; a step's that streams them."""
    layer = make(kinds.get("attention"), {"heads": 4, **attributes})
    tally = apply(layer, ((5, 96),)).tally
    assert [task.routine for task in layer.tasks(tally)] == [routine, "norm"]


@pytest.mark.parametrize("name", sorted(set(counted.FUNCTIONS) - set(counted.JOINS)))
def test_a_function_takes_no_more_operands_than_its_definition(name: str) -> None:
    maps = (counted.ROWS,) * (counted.OPERANDS.get(name, 1) + 1)
    with pytest.raises(BadValue, match="takes"):
        apply(make(kinds.get("elementwise"), {"function": name}), maps)


@pytest.mark.parametrize("case", [case for case in HAND if case.torch], ids=named)
def test_hand_arithmetic_is_torchs(case: Hand) -> None:
    """Multiply-adds (two operations for torch's counter), trained parameters, outputs."""
    twin, maps, held = twin_of(case)
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        outputs = twin(*maps)
    assert counter.get_total_flops() == 2 * case.counts.get("macs", 0)
    trained = ("weights", "biases", "bn_scale", "bn_shift")
    assert sum(map(torch.numel, held)) == sum(case.counts.get(name, 0) for name in trained)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    assert sum(map(torch.numel, outputs)) == case.geometry[1]


def test_every_kind_and_function_has_an_oracle() -> None:
    """A new word among the kinds or in the tables needs a case of its own."""
    cases: list[Hand | Defined] = [*HAND, *DEFINED]
    found = {(case.kind, case.attributes.get("function")) for case in cases}
    found |= {(case.kind, case.attributes.get("cell")) for case in cases}
    wanted = {
        *((kind, None) for kind in kinds.kinds() if kind not in ("elementwise", "reduce")),
        *(("elementwise", name) for name in arithmetic.FUNCTIONS),
        *(("reduce", name) for name in reduce.FUNCTIONS),
        *(("recurrent", name) for name in recurrent.GATES),
    }
    assert wanted <= found, (
        f"no oracle for {wanted - found}: add a row to HAND with its derivation beside it, or a "
        "definition and a row of DEFINED to tests/counted.py"
    )


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("word", ["conv", "depthwise_conv", "conv_transpose"])
def test_channels_stand_in_front_of_the_axes_of_the_window(word: str, axes: int) -> None:
    """[channels, ...] and [frames, channels, ...]: the first axis, and the second."""
    attributes = {"kernel": 1} if word == "depthwise_conv" else {"kernel": 1, "filters": 2}
    layer = make(kinds.get(f"{word}{axes}d"), attributes)
    assert layer.channel_axis((3, *(9,) * axes)) == 0
    assert layer.channel_axis((7, 3, *(9,) * axes)) == 1
