// RUN: mixbit-opt --split-input-file --verify-diagnostics %s

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected a quantized format, f32, f16 or bf16, but got 'f64'}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format f64 shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected 2 extents of the weight, but got 1}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected extents of the weight of 1 to 2^31 - 1, but got 0}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [0, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected a layout that '!mixbit.int<8, group = [1, 0], scale = f32>' can be packed in, but got #mixbit.layout<panel = 64, block = 64, inner = 8, bits = 8>}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 8, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{can be packed in, but got #mixbit.layout<panel = 64, block = 64, inner = 4, bits = 4>}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 4> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected a of rank 2, but got 'memref<64xi8>'}}
  mixbit.contract a(%a, %as : memref<64xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x32xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected rows of 64 inputs or more, but got 'memref<?x32xi8>'}}
  mixbit.contract a(%a, %as : memref<?x32xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi16>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected a of f32 or i8, but got 'memref<?x64xi16>'}}
  mixbit.contract a(%a, %as : memref<?x64xi16>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected a of f32 with weights of floats, but got 'memref<?x64xi8>'}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format f32 shape [8, 64] layout <panel = 16, block = 1, inner = 1, bits = 32> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected scales of a exactly if it is i8, but got 'memref<?x64xi8>' without scales}}
  mixbit.contract a(%a : memref<?x64xi8>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xf32>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected scales of a exactly if it is i8, but got 'memref<?x64xf32>' with scales}}
  mixbit.contract a(%a, %as : memref<?x64xf32>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf16>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected scales of a of 'f32', but got 'memref<?xf16>'}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf16>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?x1xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected scales of a of rank 1, but got 'memref<?x1xf32>'}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?x1xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<4x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<3xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected scales of a with 4 in dimension 0, but got 'memref<3xf32>'}}
  mixbit.contract a(%a, %as : memref<4x64xi8>, memref<3xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4095xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected packed weights of 4096 bytes, but got 'memref<4095xi8>'}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<4095xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<?xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected packed weights of 4096 bytes, but got 'memref<?xi8>'}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<?xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi16>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected packed weights of 4096 bytes, but got 'memref<4096xi16>'}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi16>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>) {
  // expected-error @below {{expected scales and zero points exactly if the format has them, but got '!mixbit.int<8, group = [1, 0], scale = f32>' without scales and without zero points}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w : memref<4096xi8>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{with scales and without zero points}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32, zero = i8> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x2x64xf32>) {
  // expected-error @below {{expected scales of 'memref<1x1x64xf32>', but got 'memref<1x2x64xf32>'}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x2x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>, %wz: memref<1x1x64xi32>) {
  // expected-error @below {{expected zero points of 'memref<1x1x64xi8>', but got 'memref<1x1x64xi32>'}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws zeros %wz : memref<4096xi8>, memref<1x1x64xf32> zeros memref<1x1x64xi32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32, zero = i8> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>, %wz: memref<1x1x64xi8>) {
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws zeros %wz : memref<4096xi8>, memref<1x1x64xf32> zeros memref<1x1x64xi8>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32, zero = i8> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected a map for each of 2 buffers, but got 1}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected a map of 2 dimensions to the 1 of 'memref<8xf32>', but got affine_map<(d0, d1) -> (d0, d1)>}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected a map of 2 dimensions to the 1 of 'memref<8xf32>', but got affine_map<(d0) -> (d0)>}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected region arguments ('f32', 'f32'), but got ('f32')}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    // expected-error @below {{expected 1 values, but got 0}}
  mixbit.yield
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %b: memref<8xf32>, %c: memref<?x8xf32>, %w: memref<4096xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>) extras(%b : memref<8xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] format !mixbit.int<8, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32, %bias: f32):
    %i = arith.constant 0 : i32
    // expected-error @below {{expected an element of 'memref<?x8xf32>', but got 'i32'}}
    mixbit.yield %i : i32
  }
}

// -----

mixbit.kernel @k(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  // expected-error @below {{expected a map for each of 2 buffers, but got 1}}
  mixbit.rows ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%a: f32):
    mixbit.yield %a : f32
  }
}

// -----

mixbit.kernel @k(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  // expected-error @below {{expected maps, but got none}}
  mixbit.rows ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) maps [] {
  ^bb0(%a: f32):
    mixbit.yield %a : f32
  }
}

// -----

mixbit.kernel @k(%x: memref<f32>, %y: memref<f32>) {
  // expected-error @below {{expected one dimension or more, but got}}
  mixbit.rows ins(%x : memref<f32>) outs(%y : memref<f32>) maps [affine_map<() -> ()>, affine_map<() -> ()>] {
  ^bb0(%a: f32):
    mixbit.yield %a : f32
  }
}

// -----

mixbit.kernel @k(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  // expected-error @below {{expected a map of 2 dimensions to the 2 of 'memref<?x8xf32>', but got}}
  mixbit.rows ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>] {
  ^bb0(%a: f32):
    mixbit.yield %a : f32
  }
}

// -----

mixbit.kernel @k(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  // expected-error @below {{expected outputs' maps that name each dimension at most once, but got}}
  mixbit.rows ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1, d1)>] {
  ^bb0(%a: f32):
    mixbit.yield %a : f32
  }
}

// -----

mixbit.kernel @k(%x: memref<?x9xf32>, %y: memref<?x8xf32>) {
  // expected-error @below {{expected 8 along d1, but got 'memref<?x9xf32>'}}
  mixbit.rows ins(%x : memref<?x9xf32>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%a: f32):
    mixbit.yield %a : f32
  }
}

// -----

mixbit.kernel @k(%x: memref<?xf32>, %y: memref<?xf32>) {
  // expected-error @below {{expected a map that names d1, but got}}
  mixbit.rows ins(%x : memref<?xf32>) outs(%y : memref<?xf32>) maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0)>] {
  ^bb0(%a: f32):
    mixbit.yield %a : f32
  }
}

// -----

mixbit.kernel @k(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  // expected-error @below {{expected region arguments ('f32'), but got ('i32')}}
  mixbit.rows ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%a: i32):
    %c = arith.constant 0.0 : f32
    mixbit.yield %c : f32
  }
}

// -----

mixbit.kernel @k(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  mixbit.rows ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%a: f32):
    // expected-error @below {{expected 1 values, but got 2}}
    mixbit.yield %a, %a : f32, f32
  }
}

// -----

mixbit.kernel @k(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  mixbit.rows ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%a: f32):
    %i = arith.fptosi %a : f32 to i32
    // expected-error @below {{expected an element of 'memref<?x8xf32>', but got 'i32'}}
    mixbit.yield %i : i32
  }
}

// -----

mixbit.kernel @k(%x: memref<?x8xf32>, %y: memref<?xf32>) {
  mixbit.rows ins(%x : memref<?x8xf32>) outs(%y : memref<?xf32>) maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>] {
  ^bb0(%a: f32):
    // expected-error @below {{expected a row-uniform value for output 0, but got one that varies along the row}}
    mixbit.yield %a : f32
  }
}

// -----

mixbit.kernel @k(%x: memref<?x8xf32>, %y: memref<?xf32>) {
  mixbit.rows ins(%x : memref<?x8xf32>) outs(%y : memref<?xf32>) maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>] {
  ^bb0(%a: f32):
    %m = mixbit.row_reduce %a {kind = #mixbit.reduce_kind<max>} : f32
    %e = math.exp %m : f32
    mixbit.yield %e : f32
  }
}

// -----

mixbit.kernel @k(%x: memref<?x8xf32>, %y: memref<?xi64>) {
  mixbit.rows ins(%x : memref<?x8xf32>) outs(%y : memref<?xi64>) maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>] {
  ^bb0(%a: f32):
    %j = mixbit.column : i64
    // expected-error @below {{expected a row-uniform value for output 0}}
    mixbit.yield %j : i64
  }
}

// -----

mixbit.kernel @k(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  mixbit.rows ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%a: f32):
    // expected-error @below {{expected arith, math or row operations in mixbit.rows, but got memref.alloc}}
    %m = memref.alloc() : memref<4xf32>
    mixbit.yield %a : f32
  }
}

// -----

mixbit.kernel @k(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  mixbit.rows ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%a: f32):
    // expected-error @below {{expected add, max or min, but got mean}}
    %m = mixbit.row_reduce %a {kind = #mixbit.reduce_kind<mean>} : f32
    mixbit.yield %m : f32
  }
}

// -----

mixbit.kernel @k(%i: memref<?x8xi64>, %y: memref<?x8xf32>, %t: memref<9x8xf32>) {
  mixbit.rows ins(%i : memref<?x8xi64>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected a row-uniform index, but got one that varies along the row}}
    %e = mixbit.table_load %t[%id] : memref<9x8xf32>, i64 -> f32
    %z = arith.constant 0.0 : f32
    mixbit.yield %z : f32
  }
}

// -----

mixbit.kernel @k(%i: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<9xf32>) {
  mixbit.rows ins(%i : memref<?xi64>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected a table of rank 2, but got 'memref<9xf32>'}}
    %e = mixbit.table_load %t[%id] : memref<9xf32>, i64 -> f32
    %z = arith.constant 0.0 : f32
    mixbit.yield %z : f32
  }
}

// -----

mixbit.kernel @k(%i: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<9x8xf32>, %s: memref<9x1xf32>) {
  mixbit.rows ins(%i : memref<?xi64>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected a format with scales, but got none}}
    %e = mixbit.table_load %t[%id] scales %s : memref<9x1xf32> : memref<9x8xf32>, i64 -> f32
    %z = arith.constant 0.0 : f32
    mixbit.yield %z : f32
  }
}

// -----

mixbit.kernel @k(%i: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<9x8xf32>) {
  mixbit.rows ins(%i : memref<?xi64>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected a result of 'f32', but got 'f16'}}
    %e = mixbit.table_load %t[%id] : memref<9x8xf32>, i64 -> f16
    %z = arith.constant 0.0 : f32
    mixbit.yield %z : f32
  }
}

// -----

mixbit.kernel @k(%i: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<9x8xi8>) {
  mixbit.rows ins(%i : memref<?xi64>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected scales with a format, but got none}}
    %e = mixbit.table_load %t[%id] {format = !mixbit.int<8, group = [1, 0], scale = f32>} : memref<9x8xi8>, i64 -> f32
    %z = arith.constant 0.0 : f32
    mixbit.yield %z : f32
  }
}

// -----

mixbit.kernel @k(%i: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<9x8xi8>, %s: memref<9x1xf32>) {
  mixbit.rows ins(%i : memref<?xi64>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected a uniform quantized format, but got 'f32'}}
    %e = mixbit.table_load %t[%id] scales %s : memref<9x1xf32> {format = f32} : memref<9x8xi8>, i64 -> f32
    %z = arith.constant 0.0 : f32
    mixbit.yield %z : f32
  }
}

// -----

mixbit.kernel @k(%i: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<9x8xi8>, %s: memref<9x1xf32>) {
  mixbit.rows ins(%i : memref<?xi64>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected a result of f32, but got 'f16'}}
    %e = mixbit.table_load %t[%id] scales %s : memref<9x1xf32> {format = !mixbit.int<8, group = [1, 0], scale = f32>} : memref<9x8xi8>, i64 -> f16
    %z = arith.constant 0.0 : f32
    mixbit.yield %z : f32
  }
}

// -----

mixbit.kernel @k(%i: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<9x8xf32>, %s: memref<9x1xf32>) {
  mixbit.rows ins(%i : memref<?xi64>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected a table of codes of 'i8', but got 'memref<9x8xf32>'}}
    %e = mixbit.table_load %t[%id] scales %s : memref<9x1xf32> {format = !mixbit.int<8, group = [1, 0], scale = f32>} : memref<9x8xf32>, i64 -> f32
    %z = arith.constant 0.0 : f32
    mixbit.yield %z : f32
  }
}

// -----

mixbit.kernel @k(%i: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<9x8xi8>, %s: memref<9xf32>) {
  mixbit.rows ins(%i : memref<?xi64>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected scales of rank 2, but got 'memref<9xf32>'}}
    %e = mixbit.table_load %t[%id] scales %s : memref<9xf32> {format = !mixbit.int<8, group = [1, 0], scale = f32>} : memref<9x8xi8>, i64 -> f32
    %z = arith.constant 0.0 : f32
    mixbit.yield %z : f32
  }
}

// -----

mixbit.kernel @k(%i: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<9x8xi8>, %s: memref<9x1xi32>) {
  mixbit.rows ins(%i : memref<?xi64>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected scales of floats, but got 'memref<9x1xi32>'}}
    %e = mixbit.table_load %t[%id] scales %s : memref<9x1xi32> {format = !mixbit.int<8, group = [1, 0], scale = f32>} : memref<9x8xi8>, i64 -> f32
    %z = arith.constant 0.0 : f32
    mixbit.yield %z : f32
  }
}

// -----

mixbit.kernel @k(%i: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<9x8xi8>, %s: memref<5x1xf32>) {
  mixbit.rows ins(%i : memref<?xi64>) outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected scales with 9 in dimension 0, but got 'memref<5x1xf32>'}}
    %e = mixbit.table_load %t[%id] scales %s : memref<5x1xf32> {format = !mixbit.int<8, group = [1, 0], scale = f32>} : memref<9x8xi8>, i64 -> f32
    %z = arith.constant 0.0 : f32
    mixbit.yield %z : f32
  }
}

// -----

mixbit.kernel @k(%q: memref<?x4x2x8xf32>, %k: memref<?x5x2x8xf32>, %v: memref<?x5x2x6xf32>, %o: memref<?x4x2x6xf32>) {
  mixbit.attention_core ins(%q, %k, %v : memref<?x4x2x8xf32>, memref<?x5x2x8xf32>, memref<?x5x2x6xf32>) outs(%o : memref<?x4x2x6xf32>) {scale = 1.0 : f32}
}

// -----

mixbit.kernel @k(%q: memref<?x4x2x8xf32>, %k: memref<?x5x2x8xf32>, %v: memref<?x5x2x6xf32>, %o: memref<?x4x2x6xf32>) {
  // expected-error @below {{expected 4 inputs with a kind of mask, but got 3}}
  mixbit.attention_core ins(%q, %k, %v : memref<?x4x2x8xf32>, memref<?x5x2x8xf32>, memref<?x5x2x6xf32>) outs(%o : memref<?x4x2x6xf32>) {scale = 1.0 : f32, mask_kind = #mixbit.mask_kind<keep>}
}

// -----

mixbit.kernel @k(%q: memref<?x4x2x8xf32>, %k: memref<?x5x2x8xf32>, %v: memref<?x5x2x6xf32>, %o: memref<?x4x2x6xf32>, %m: memref<?x5xi64>) {
  // expected-error @below {{expected 3 inputs without a kind of mask, but got 4}}
  mixbit.attention_core ins(%q, %k, %v, %m : memref<?x4x2x8xf32>, memref<?x5x2x8xf32>, memref<?x5x2x6xf32>, memref<?x5xi64>) outs(%o : memref<?x4x2x6xf32>) {scale = 1.0 : f32}
}

// -----

mixbit.kernel @k(%q: memref<?x4x16xf32>, %k: memref<?x5x2x8xf32>, %v: memref<?x5x2x6xf32>, %o: memref<?x4x2x6xf32>) {
  // expected-error @below {{expected q of rank 4, but got 'memref<?x4x16xf32>'}}
  mixbit.attention_core ins(%q, %k, %v : memref<?x4x16xf32>, memref<?x5x2x8xf32>, memref<?x5x2x6xf32>) outs(%o : memref<?x4x2x6xf32>) {scale = 1.0 : f32}
}

// -----

mixbit.kernel @k(%q: memref<?x4x2x8xf32>, %k: memref<?x5x2x8xf16>, %v: memref<?x5x2x6xf32>, %o: memref<?x4x2x6xf32>) {
  // expected-error @below {{expected k of 'f32', but got 'memref<?x5x2x8xf16>'}}
  mixbit.attention_core ins(%q, %k, %v : memref<?x4x2x8xf32>, memref<?x5x2x8xf16>, memref<?x5x2x6xf32>) outs(%o : memref<?x4x2x6xf32>) {scale = 1.0 : f32}
}

// -----

mixbit.kernel @k(%q: memref<?x4x2x8xf32>, %k: memref<?x5x2x8xf32>, %v: memref<?x5x2x6xf32, strided<[60, 12, 6, 2]>>, %o: memref<?x4x2x6xf32>) {
  // expected-error @below {{expected v of stride 1 along the last dimension, but got}}
  mixbit.attention_core ins(%q, %k, %v : memref<?x4x2x8xf32>, memref<?x5x2x8xf32>, memref<?x5x2x6xf32, strided<[60, 12, 6, 2]>>) outs(%o : memref<?x4x2x6xf32>) {scale = 1.0 : f32}
}

// -----

mixbit.kernel @k(%q: memref<?x4x2x8xf32>, %k: memref<?x5x2x9xf32>, %v: memref<?x5x2x6xf32>, %o: memref<?x4x2x6xf32>) {
  // expected-error @below {{expected k with 8 in dimension 3, but got 'memref<?x5x2x9xf32>'}}
  mixbit.attention_core ins(%q, %k, %v : memref<?x4x2x8xf32>, memref<?x5x2x9xf32>, memref<?x5x2x6xf32>) outs(%o : memref<?x4x2x6xf32>) {scale = 1.0 : f32}
}

// -----

mixbit.kernel @k(%q: memref<?x4x2x8xf32>, %k: memref<?x5x2x8xf32>, %v: memref<?x7x2x6xf32>, %o: memref<?x4x2x6xf32>) {
  // expected-error @below {{expected v with 5 in dimension 1, but got 'memref<?x7x2x6xf32>'}}
  mixbit.attention_core ins(%q, %k, %v : memref<?x4x2x8xf32>, memref<?x5x2x8xf32>, memref<?x7x2x6xf32>) outs(%o : memref<?x4x2x6xf32>) {scale = 1.0 : f32}
}

// -----

mixbit.kernel @k(%q: memref<?x4x2x8xf32>, %k: memref<?x5x2x8xf32>, %v: memref<?x5x2x6xf32>, %o: memref<?x4x2x8xf32>) {
  // expected-error @below {{expected out with 6 in dimension 3, but got 'memref<?x4x2x8xf32>'}}
  mixbit.attention_core ins(%q, %k, %v : memref<?x4x2x8xf32>, memref<?x5x2x8xf32>, memref<?x5x2x6xf32>) outs(%o : memref<?x4x2x8xf32>) {scale = 1.0 : f32}
}

// -----

mixbit.kernel @k(%q: memref<?x4x2x8xf32>, %k: memref<?x5x2x8xf32>, %v: memref<?x5x2x6xf32>, %o: memref<?x4x2x6xf32>, %m: memref<?x4xi64>) {
  // expected-error @below {{expected a mask with 5 in dimension 1, but got 'memref<?x4xi64>'}}
  mixbit.attention_core ins(%q, %k, %v, %m : memref<?x4x2x8xf32>, memref<?x5x2x8xf32>, memref<?x5x2x6xf32>, memref<?x4xi64>) outs(%o : memref<?x4x2x6xf32>) {scale = 1.0 : f32, mask_kind = #mixbit.mask_kind<keep>}
}

// -----

mixbit.kernel @k(%q: memref<?x4x2x8xf32>, %k: memref<?x5x2x8xf32>, %v: memref<?x5x2x6xf32>, %o: memref<?x4x2x6xf32>, %m: memref<5xi64>) {
  // expected-error @below {{expected a mask of rank 2, but got 'memref<5xi64>'}}
  mixbit.attention_core ins(%q, %k, %v, %m : memref<?x4x2x8xf32>, memref<?x5x2x8xf32>, memref<?x5x2x6xf32>, memref<5xi64>) outs(%o : memref<?x4x2x6xf32>) {scale = 1.0 : f32, mask_kind = #mixbit.mask_kind<keep>}
}

// -----

mixbit.kernel @k(%q: memref<?x4x2x8xf32>, %k: memref<?x5x2x8xf32>, %v: memref<?x5x2x6xf32>, %o: memref<?x4x2x6xf32>, %m: memref<?x5xf32>) {
  // expected-error @below {{expected a mask of integers, but got 'memref<?x5xf32>'}}
  mixbit.attention_core ins(%q, %k, %v, %m : memref<?x4x2x8xf32>, memref<?x5x2x8xf32>, memref<?x5x2x6xf32>, memref<?x5xf32>) outs(%o : memref<?x4x2x6xf32>) {scale = 1.0 : f32, mask_kind = #mixbit.mask_kind<keep>}
}

// -----

mixbit.kernel @k(%q: memref<?x4x2x8xf32>, %k: memref<?x5x2x8xf32>, %v: memref<?x5x2x6xf32>, %o: memref<?x4x2x6xf32>, %m: memref<?x5xf32>) {
  // expected-error @below {{expected a mask of rank 4, but got 'memref<?x5xf32>'}}
  mixbit.attention_core ins(%q, %k, %v, %m : memref<?x4x2x8xf32>, memref<?x5x2x8xf32>, memref<?x5x2x6xf32>, memref<?x5xf32>) outs(%o : memref<?x4x2x6xf32>) {scale = 1.0 : f32, mask_kind = #mixbit.mask_kind<additive>}
}

// -----

mixbit.kernel @k(%q: memref<?x4x2x8xf32>, %k: memref<?x5x2x8xf32>, %v: memref<?x5x2x6xf32>, %o: memref<?x4x2x6xf32>, %m: memref<?x1x1x5xi64>) {
  // expected-error @below {{expected a mask of floats, but got 'memref<?x1x1x5xi64>'}}
  mixbit.attention_core ins(%q, %k, %v, %m : memref<?x4x2x8xf32>, memref<?x5x2x8xf32>, memref<?x5x2x6xf32>, memref<?x1x1x5xi64>) outs(%o : memref<?x4x2x6xf32>) {scale = 1.0 : f32, mask_kind = #mixbit.mask_kind<additive>}
}

// -----

mixbit.kernel @k(%q: memref<?x4x2x8xf32>, %k: memref<?x5x2x8xf32>, %v: memref<?x5x2x6xf32>, %o: memref<?x4x2x6xf32>, %m: memref<?x3x1x5xf32>) {
  // expected-error @below {{expected a mask with 2 in dimension 1, but got 'memref<?x3x1x5xf32>'}}
  mixbit.attention_core ins(%q, %k, %v, %m : memref<?x4x2x8xf32>, memref<?x5x2x8xf32>, memref<?x5x2x6xf32>, memref<?x3x1x5xf32>) outs(%o : memref<?x4x2x6xf32>) {scale = 1.0 : f32, mask_kind = #mixbit.mask_kind<additive>}
}

// -----

mixbit.kernel @k(%q: memref<?x4x2x8xf32>, %k: memref<?x5x2x8xf32>, %v: memref<?x5x2x6xf32>, %o: memref<?x4x2x6xf32>, %m: memref<?x1x4x5xf32>) {
  mixbit.attention_core ins(%q, %k, %v, %m : memref<?x4x2x8xf32>, memref<?x5x2x8xf32>, memref<?x5x2x6xf32>, memref<?x1x4x5xf32>) outs(%o : memref<?x4x2x6xf32>) {scale = 1.0 : f32, mask_kind = #mixbit.mask_kind<additive>}
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %c: memref<?x8xf32>, %w: memref<512xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected a_bits of 1 or 2, but got 3}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<512xi8>, memref<1x1x64xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (m, n)>] format !mixbit.binary<group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 32, inner = 32, bits = 1> attributes {a_bits = 3 : i64} {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %c: memref<?x8xf32>, %w: memref<512xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected a_bits exactly with weights in bit planes, but got #mixbit.layout<panel = 64, block = 32, inner = 32, bits = 1> without a_bits}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<512xi8>, memref<1x1x64xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (m, n)>] format !mixbit.binary<group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 32, inner = 32, bits = 1> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %c: memref<?x8xf32>, %w: memref<512xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected a_bits exactly with weights in bit planes, but got #mixbit.layout<panel = 64, block = 64, inner = 4, bits = 1> with a_bits}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<512xi8>, memref<1x1x64xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (m, n)>] format !mixbit.binary<group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 1> attributes {a_bits = 1 : i64} {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xf32>, %c: memref<?x8xf32>, %w: memref<512xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected a of i8 with a_bits, but got 'memref<?x64xf32>'}}
  mixbit.contract a(%a : memref<?x64xf32>) w(%w, %ws : memref<512xi8>, memref<1x1x64xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (m, n)>] format !mixbit.binary<group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 32, inner = 32, bits = 1> attributes {a_bits = 1 : i64} {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %c: memref<?x8xf32>, %w: memref<512xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected a of i8 and no a_bits with a full range, but got 'memref<?x64xi8>' with a_bits}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<512xi8>, memref<1x1x64xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (m, n)>] format !mixbit.binary<group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 32, inner = 32, bits = 1> attributes {a_bits = 1 : i64, full_range} {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}

// -----

func.func @lookup_size(%t: vector<24xi8>) {
  // expected-error @below {{expected a vector of a multiple of 16 bytes, but got 'vector<24xi8>'}}
  %0 = mixbit.lookup %t, %t : vector<24xi8>
  return
}

// -----

func.func @dot_lanes(%acc: vector<16xi32>, %c: vector<32xi8>) {
  // expected-error @below {{expected codes that fill the sums' vector, but got 'vector<32xi8>' for 'vector<16xi32>'}}
  %0 = mixbit.dot %acc, %c, %c {max_code = 255 : i64} : vector<16xi32>, vector<32xi8>
  return
}

// -----

func.func @dot_code(%acc: vector<16xi32>, %c: vector<64xi8>) {
  // expected-error @below {{expected a largest code of 1 to 255, but got 256}}
  %0 = mixbit.dot %acc, %c, %c {max_code = 256 : i64} : vector<16xi32>, vector<64xi8>
  return
}

// -----

func.func @kernel_arg(%args: !llvm.ptr) {
  // expected-error @below {{expected a word after the error's, 1 or more, but got 0}}
  %0 = mixbit.kernel_arg %args[0] : !llvm.ptr -> memref<4xf32>
  return
}

// -----

func.func @scratch(%base: !llvm.ptr, %n: index) {
  // expected-error @below {{expected a size for each of 1 dynamic dimensions, but got 2}}
  %0 = mixbit.scratch %base[%n] (%n, %n) : !llvm.ptr -> memref<?xf32>
  return
}

// -----

// expected-error @below {{expected one tile operation, but got 0 operations}}
mixbit.kernel @empty(%x: memref<4xf32>) {
}

// -----

// expected-error @below {{expected a tile operation, but got arith.constant}}
mixbit.kernel @scalar(%x: memref<4xf32>) {
  %c = arith.constant 0 : i32
}

// -----

// expected-error @below {{expected memref arguments, but argument 0 is 'tensor<4xf32>'}}
mixbit.kernel @tensor(%x: tensor<4xf32>) {
  %c = arith.constant 0 : i32
}
// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %c: memref<?x8xf32>, %w: memref<2048xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected scales of 'memref<1x1x64xf16>', but got 'memref<1x1x64xf32>'}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<2048xi8>, memref<1x1x64xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (m, n)>] format !mixbit.int<4, group = [1, 64], scale = f16> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 4> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %c: memref<?x8xf32>, %w: memref<1024xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{can be packed in, but got #mixbit.layout<panel = 64, block = 64, inner = 4, bits = 2, trits = true>}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<1024xi8>, memref<1x1x64xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (m, n)>] format !mixbit.int<2, group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 2, trits = true> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}

// -----

// Dense, three lines of 64 bytes a group of five and 16 bytes for the line that
// is left; then in planes.
mixbit.kernel @k(%a: memref<?x64xi8>, %c: memref<?x8xf32>, %w: memref<832xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf16>) {
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<832xi8>, memref<1x1x64xf16>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (m, n)>] format !mixbit.ternary<group = [1, 64], scale = f16> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 2, trits = true> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%a: memref<?x64xi8>, %c: memref<?x8xf32>, %p: memref<1024xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf16>) {
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%p, %ws : memref<1024xi8>, memref<1x1x64xf16>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (m, n)>] format !mixbit.ternary<group = [1, 64], scale = f16> shape [8, 64] layout <panel = 64, block = 64, inner = 4, bits = 2> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}

// -----

mixbit.kernel @k(%ids: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<9x8xi8>, %s: memref<9x1xf32>, %z: memref<9x1xi8>) {
  mixbit.rows ins(%ids : memref<?xi64>) outs(%y : memref<?x8xf32>)
      maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected zero points exactly if the format has them, but got '!mixbit.int<8, group = [1, 0], scale = f32, zero = i8>' without them}}
    %e = mixbit.table_load %t[%id] scales %s : memref<9x1xf32> {format = !mixbit.int<8, group = [1, 0], scale = f32, zero = i8>} : memref<9x8xi8>, i64 -> f32
    mixbit.yield %e : f32
  }
}

// -----

mixbit.kernel @k(%ids: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<9x8xi8>, %s: memref<9x1xf32>, %z: memref<9x1xi8>) {
  mixbit.rows ins(%ids : memref<?xi64>) outs(%y : memref<?x8xf32>)
      maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected zero points exactly if the format has them, but got '!mixbit.int<8, group = [1, 0], scale = f32>' with them}}
    %e = mixbit.table_load %t[%id] scales %s : memref<9x1xf32> zeros %z : memref<9x1xi8> {format = !mixbit.int<8, group = [1, 0], scale = f32>} : memref<9x8xi8>, i64 -> f32
    mixbit.yield %e : f32
  }
}

// -----

mixbit.kernel @k(%ids: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<9x8xi8>, %s: memref<9x1xf32>, %z: memref<9xi8>) {
  mixbit.rows ins(%ids : memref<?xi64>) outs(%y : memref<?x8xf32>)
      maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected zero points of rank 2, but got 'memref<9xi8>'}}
    %e = mixbit.table_load %t[%id] scales %s : memref<9x1xf32> zeros %z : memref<9xi8> {format = !mixbit.int<8, group = [1, 0], scale = f32, zero = i8>} : memref<9x8xi8>, i64 -> f32
    mixbit.yield %e : f32
  }
}

// -----

mixbit.kernel @k(%ids: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<9x8xi8>, %s: memref<9x1xf32>, %z: memref<9x1xi32>) {
  mixbit.rows ins(%ids : memref<?xi64>) outs(%y : memref<?x8xf32>)
      maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{zero points}}
    %e = mixbit.table_load %t[%id] scales %s : memref<9x1xf32> zeros %z : memref<9x1xi32> {format = !mixbit.int<8, group = [1, 0], scale = f32, zero = i8>} : memref<9x8xi8>, i64 -> f32
    mixbit.yield %e : f32
  }
}

// -----

mixbit.kernel @k(%ids: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<9x8xi8>, %s: memref<9x1xf32>, %z: memref<8x1xi8>) {
  mixbit.rows ins(%ids : memref<?xi64>) outs(%y : memref<?x8xf32>)
      maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected zero points with 9 in dimension 0, but got 'memref<8x1xi8>'}}
    %e = mixbit.table_load %t[%id] scales %s : memref<9x1xf32> zeros %z : memref<8x1xi8> {format = !mixbit.int<8, group = [1, 0], scale = f32, zero = i8>} : memref<9x8xi8>, i64 -> f32
    mixbit.yield %e : f32
  }
}

// -----

mixbit.kernel @k(%ids: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<9x8xi8>, %s: memref<9x1xf32>, %z: memref<9x2xi8>) {
  mixbit.rows ins(%ids : memref<?xi64>) outs(%y : memref<?x8xf32>)
      maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected zero points with 1 in dimension 1, but got 'memref<9x2xi8>'}}
    %e = mixbit.table_load %t[%id] scales %s : memref<9x1xf32> zeros %z : memref<9x2xi8> {format = !mixbit.int<8, group = [1, 0], scale = f32, zero = i8>} : memref<9x8xi8>, i64 -> f32
    mixbit.yield %e : f32
  }
}

// -----

mixbit.kernel @k(%ids: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<4096xi8>, %s: memref<1x1x64xf32>) {
  mixbit.rows ins(%ids : memref<?xi64>) outs(%y : memref<?x8xf32>)
      maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected a shape with a layout, but got none}}
    %e = mixbit.table_load %t[%id] scales %s : memref<1x1x64xf32> {format = !mixbit.int<8, group = [1, 0], scale = f32>, layout = #mixbit.layout<panel = 64, block = 64, inner = 4, bits = 8>} : memref<4096xi8>, i64 -> f32
    mixbit.yield %e : f32
  }
}

// -----

mixbit.kernel @k(%ids: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<9x8xf32>) {
  mixbit.rows ins(%ids : memref<?xi64>) outs(%y : memref<?x8xf32>)
      maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected a layout with a shape, but got none}}
    %e = mixbit.table_load %t[%id] {shape = array<i64: 9, 8>} : memref<9x8xf32>, i64 -> f32
    mixbit.yield %e : f32
  }
}

// -----

mixbit.kernel @k(%ids: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<4096xi8>, %s: memref<1x1x64xf32>) {
  mixbit.rows ins(%ids : memref<?xi64>) outs(%y : memref<?x8xf32>)
      maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected a layout whose rows a table of '!mixbit.ternary<group = [1, 0], scale = f32>' can be read by, but got #mixbit.layout<panel = 64, block = 64, inner = 4, bits = 2, trits = true>}}
    %e = mixbit.table_load %t[%id] scales %s : memref<1x1x64xf32> {format = !mixbit.ternary<group = [1, 0], scale = f32>, layout = #mixbit.layout<panel = 64, block = 64, inner = 4, bits = 2, trits = true>, shape = array<i64: 9, 8>} : memref<4096xi8>, i64 -> f32
    mixbit.yield %e : f32
  }
}

// -----

mixbit.kernel @k(%ids: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<4096xi8>, %s: memref<1x1x64xf32>) {
  mixbit.rows ins(%ids : memref<?xi64>) outs(%y : memref<?x8xf32>)
      maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected packed weights of 8192 bytes, but got 'memref<4096xi8>'}}
    %e = mixbit.table_load %t[%id] scales %s : memref<1x1x64xf32> {format = !mixbit.int<8, group = [1, 0], scale = f32>, layout = #mixbit.layout<panel = 64, block = 64, inner = 4, bits = 8>, shape = array<i64: 65, 8>} : memref<4096xi8>, i64 -> f32
    mixbit.yield %e : f32
  }
}

// -----

mixbit.kernel @k(%ids: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<4096xi8>, %s: memref<9x1xf32>) {
  mixbit.rows ins(%ids : memref<?xi64>) outs(%y : memref<?x8xf32>)
      maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected scales}}
    %e = mixbit.table_load %t[%id] scales %s : memref<9x1xf32> {format = !mixbit.int<8, group = [1, 0], scale = f32>, layout = #mixbit.layout<panel = 64, block = 64, inner = 4, bits = 8>, shape = array<i64: 9, 8>} : memref<4096xi8>, i64 -> f32
    mixbit.yield %e : f32
  }
}

// -----

mixbit.kernel @k(%ids: memref<?xi64>, %y: memref<?x8xf32>, %t: memref<4096xi8>, %s: memref<1x1x64xf32>) {
  mixbit.rows ins(%ids : memref<?xi64>) outs(%y : memref<?x8xf32>)
      maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%id: i64):
    // expected-error @below {{expected a result of f32, but got 'i8'}}
    %e = mixbit.table_load %t[%id] scales %s : memref<1x1x64xf32> {format = !mixbit.int<8, group = [1, 0], scale = f32>, layout = #mixbit.layout<panel = 64, block = 64, inner = 4, bits = 8>, shape = array<i64: 9, 8>} : memref<4096xi8>, i64 -> i8
    %f = arith.sitofp %e : i8 to f32
    mixbit.yield %f : f32
  }
}
