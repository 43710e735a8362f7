// RUN: mixbit-opt %s --split-input-file --verify-diagnostics --expand-contract

// No target.
module {
mixbit.kernel @k(%a: memref<?x64xf32>, %w: memref<1024xf32>, %c: memref<?x16xf32>) {
  // expected-error@below {{expected a module with the attribute mixbit.target}}
  mixbit.contract a(%a : memref<?x64xf32>) w(%w : memref<1024xf32>)
      outs(%c : memref<?x16xf32>) maps [affine_map<(m, n) -> (m, n)>]
      format f32 shape [16, 64] layout <panel = 16, block = 1, inner = 1, bits = 32> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}
}

// -----

module attributes {mixbit.target = #mixbit.target<"avx512vnni">} {
mixbit.kernel @k(%a: memref<?x64xf32>, %w: memref<2048xf32>, %c: memref<?x16xf32>) {
  // expected-error@below {{expected weights of 'f32' in the layout <panel = 16, block = 1, inner = 1>}}
  mixbit.contract a(%a : memref<?x64xf32>) w(%w : memref<2048xf32>)
      outs(%c : memref<?x16xf32>) maps [affine_map<(m, n) -> (m, n)>]
      format f32 shape [16, 64] layout <panel = 32, block = 1, inner = 1, bits = 32> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}
}

// -----

module attributes {mixbit.target = #mixbit.target<"avx512vnni">} {
mixbit.kernel @k(%a: memref<?x192xi8>, %as: memref<?xf32>, %w: memref<6144xi8>, %ws: memref<1x8x64xf32>, %c: memref<?x16xf32>) {
  // expected-error@below {{expected groups of a divisor of 64 or a multiple of 32 inputs, and of a multiple of 8, but got 24}}
  mixbit.contract a(%a, %as : memref<?x192xi8>, memref<?xf32>) w(%w, %ws : memref<6144xi8>, memref<1x8x64xf32>)
      outs(%c : memref<?x16xf32>) maps [affine_map<(m, n) -> (m, n)>]
      format !mixbit.int<4, group = [1, 24], scale = f32> shape [16, 192] layout <panel = 64, block = 64, inner = 4, bits = 4> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}
}

// -----

module attributes {mixbit.target = #mixbit.target<"sm_80">} {
mixbit.kernel @k(%a: memref<?x60xi8>, %as: memref<?xf32>, %w: memref<4096xi8>, %ws: memref<1x1x64xf32>, %c: memref<?x16xf32>) {
  // expected-error@below {{expected rows padded to 64 inputs for a GPU}}
  mixbit.contract a(%a, %as : memref<?x60xi8>, memref<?xf32>) w(%w, %ws : memref<4096xi8>, memref<1x1x64xf32>)
      outs(%c : memref<?x16xf32>) maps [affine_map<(m, n) -> (m, n)>]
      format !mixbit.int<8, group = [1, 0], scale = f32> shape [16, 60] layout <panel = 64, block = 64, inner = 4, bits = 8> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}
}

// -----

// A transposed result cannot be written vector by vector.
module attributes {mixbit.target = #mixbit.target<"x86-64-v3">} {
mixbit.kernel @k(%a: memref<?x64xf32>, %w: memref<1024xf32>, %c: memref<16x?xf32>) {
  // expected-remark@below {{accessed an element at a time}}
  mixbit.contract a(%a : memref<?x64xf32>) w(%w : memref<1024xf32>)
      outs(%c : memref<16x?xf32>) maps [affine_map<(m, n) -> (n, m)>]
      format f32 shape [16, 64] layout <panel = 16, block = 1, inner = 1, bits = 32> {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}
}

// -----

module attributes {mixbit.target = #mixbit.target<"sm_80">} {
mixbit.kernel @k(%a: memref<?x64xi8>, %c: memref<?x8xf32>, %w: memref<512xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected codes in whole bytes for a GPU, but got #mixbit.layout<panel = 64, block = 32, inner = 32, bits = 1>}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<512xi8>, memref<1x1x64xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (m, n)>] format !mixbit.binary<group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 32, inner = 32, bits = 1> attributes {a_bits = 1 : i64} {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}
}

// -----

module attributes {mixbit.target = #mixbit.target<"x86-64-v3">} {
mixbit.kernel @k(%a: memref<?x64xi8>, %c: memref<?x8xf32>, %w: memref<512xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected bit planes in the layout <panel = 64, block = 32, inner = 32, bits = 1 or 2>}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<512xi8>, memref<1x1x64xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (m, n)>] format !mixbit.binary<group = [1, 0], scale = f32> shape [8, 64] layout <panel = 64, block = 64, inner = 32, bits = 1> attributes {a_bits = 1 : i64} {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}
}

// -----

module attributes {mixbit.target = #mixbit.target<"x86-64-v3">} {
mixbit.kernel @k(%a: memref<?x64xi8>, %c: memref<?x8xf32>, %w: memref<512xi8>, %as: memref<?xf32>, %ws: memref<1x2x64xf32>) {
  // expected-error @below {{expected groups of a multiple of 32 inputs, but got 48}}
  mixbit.contract a(%a, %as : memref<?x64xi8>, memref<?xf32>) w(%w, %ws : memref<512xi8>, memref<1x2x64xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (m, n)>] format !mixbit.binary<group = [1, 48], scale = f32> shape [8, 64] layout <panel = 64, block = 32, inner = 32, bits = 1> attributes {a_bits = 1 : i64} {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}
}

// -----

module attributes {mixbit.target = #mixbit.target<"x86-64-v3">} {
mixbit.kernel @k(%a: memref<?x65600xi8>, %c: memref<?x8xf32>, %w: memref<524800xi8>, %as: memref<?xf32>, %ws: memref<1x1x64xf32>) {
  // expected-error @below {{expected at most 65536 inputs, but got 65600}}
  mixbit.contract a(%a, %as : memref<?x65600xi8>, memref<?xf32>) w(%w, %ws : memref<524800xi8>, memref<1x1x64xf32>) outs(%c : memref<?x8xf32>)
      maps [affine_map<(m, n) -> (m, n)>] format !mixbit.binary<group = [1, 0], scale = f32> shape [8, 65600] layout <panel = 64, block = 32, inner = 32, bits = 1> attributes {a_bits = 1 : i64} {
  ^bb0(%acc: f32):
    mixbit.yield %acc : f32
  }
}
}
