"""Prints an encoder of some layers at the graph level: encoder.py LAYERS. Weights differ from layer to layer."""
import sys

width, inner = 64, 128
X = f"tensor<?x?x{width}xf32>"
lines, count = [], 0


def emit(text):
    global count
    count += 1
    lines.append(f"  %{count} = {text}")
    return f"%{count}"


def constant(value, size):
    """A vector without one value for all, which would become part of the kernel."""
    elements = ", ".join(f"{value + i:e}" for i in range(size))
    return emit(f"arith.constant dense<[{elements}]> : tensor<{size}xf32>")


def linear(x, layer, n, k):
    w = emit(f"mixbit.quantized_constant codes(dense<{layer + 1}> : tensor<{n}x{k}xi8>) scales(dense<{layer + 1}.0> : "
             f"tensor<{n}x1xf32>) : tensor<{n}x{k}x!mixbit.int<8, group = [1, 0], scale = f32>>")
    b = constant(layer + 0.5, n)
    return emit(f"mixbit.linear {x}, {w}, {b} {{activations = #mixbit.activations<8, per_token, dynamic>}} : (tensor<?x?x{k}xf32>, "
                f"tensor<{n}x{k}x!mixbit.int<8, group = [1, 0], scale = f32>>, tensor<{n}xf32>) -> tensor<?x?x{n}xf32>")


def norm(a, b, layer):
    total = emit(f"mixbit.binary {a}, {b} {{kind = #mixbit.binary_kind<add>}} : ({X}, {X}) -> {X}")
    gamma, beta = constant(layer + 0.25, width), constant(layer, width)
    return emit(f"mixbit.layer_norm {total}, {gamma}, {beta} {{epsilon = 1.0e-12 : f32}} : ({X}, tensor<{width}xf32>, "
                f"tensor<{width}xf32>) -> {X}")


x = "%x"
for i in range(int(sys.argv[1])):
    q, k, v = (linear(x, 3 * i + j, width, width) for j in range(3))
    o = emit(f"mixbit.attention {q}, {k}, {v} mask %m {{heads = 2 : i64, mask_kind = #mixbit.mask_kind<keep>, scale = 0.25 : f32}} : "
             f"({X}, {X}, {X}, tensor<?x?xi64>) -> {X}")
    x = norm(linear(o, i, width, width), x, i)
    h = linear(x, i, inner, width)
    g = emit(f"mixbit.unary {h} {{kind = #mixbit.unary_kind<gelu_erf>}} : (tensor<?x?x{inner}xf32>) -> tensor<?x?x{inner}xf32>")
    x = norm(linear(g, i, width, inner), x, i)
print(f"func.func @encoder(%x: {X} {{mixbit.dims = affine_map<()[s0, s1] -> (s0, s1, {width})>}}, "
      f"%m: tensor<?x?xi64> {{mixbit.dims = affine_map<()[s0, s1] -> (s0, s1)>}}) -> {X} "
      'attributes {mixbit.symbols = ["batch", "sequence"]} {')
print("\n".join(lines))
print(f"  return {x} : {X}\n}}")
