// RUN: mixbit-opt %s --expand-rows=strict=true --split-input-file --verify-diagnostics -o /dev/null

// expected-error @below {{expected a module with the attribute mixbit.target, but got one without}}
module {
mixbit.kernel @k(%x: memref<?xf32>, %y: memref<?xf32>) {
  mixbit.rows ins(%x : memref<?xf32>) outs(%y : memref<?xf32>)
      maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  ^bb0(%a: f32):
    mixbit.yield %a : f32
  }
}
}

// -----

// expected-error @below {{expected the name of a target, but got "z80"}}
module attributes {mixbit.target = #mixbit.target<"z80">} {
mixbit.kernel @k(%x: memref<?xf32>, %y: memref<?xf32>) {
  mixbit.rows ins(%x : memref<?xf32>) outs(%y : memref<?xf32>)
      maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  ^bb0(%a: f32):
    mixbit.yield %a : f32
  }
}
}

// -----

module attributes {mixbit.target = #mixbit.target<"x86-64">} {
mixbit.kernel @k(%x: memref<?x?xf32>, %y: memref<?x?xf32>) {
  // expected-error @below {{expected only vector code, but got rows have a stride, an element at a time}}
  mixbit.rows ins(%x : memref<?x?xf32>) outs(%y : memref<?x?xf32>)
      maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%a: f32):
    mixbit.yield %a : f32
  }
}
}

// -----

module attributes {mixbit.target = #mixbit.target<"x86-64">} {
mixbit.kernel @k(%x: memref<?x?xi1>, %y: memref<?x?xi1>) {
  // expected-error @below {{expected booleans in buffers of i8, but got 'memref<?x?xi1>'}}
  mixbit.rows ins(%x : memref<?x?xi1>) outs(%y : memref<?x?xi1>)
      maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%a: i1):
    mixbit.yield %a : i1
  }
}
}
