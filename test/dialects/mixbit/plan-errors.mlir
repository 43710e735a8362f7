// RUN: mixbit-opt --split-input-file --verify-diagnostics %s

// expected-error @below {{expected memref arguments, but argument 0 is 'tensor<4xf32>'}}
mixbit.plan @main(%x: tensor<4xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
}

// -----

// expected-error @below {{expected a name and a shape for each of 1 arguments, but got 2 names and 1 shapes}}
mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x", "y"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
}

// -----

// expected-error @below {{expected 0 to 1 inputs, but got 2}}
mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 2 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
}

// -----

// expected-error @below {{expected 0 to 1 inputs, but got -1}}
mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = -1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
}

// -----

// expected-error @below {{expected a shape over 1 symbols for argument 0, but got affine_map<()[s0] -> (s0)>}}
mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0)>] {
}

// -----

// expected-error @below {{expected a shape over 1 symbols for argument 0, but got}}
mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0, s1] -> (s0, 8)>] {
}

// -----

mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
  // expected-error @below {{expected a shape of 2 results over symbols, but got affine_map<()[s0] -> (s0)>}}
  %b = mixbit.buffer {shape = affine_map<()[s0] -> (s0)>} : memref<?x8xf32>
}

// -----

mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
  // expected-error @below {{expected the shape of 'memref<?x8xf32>', but got affine_map<()[s0] -> (s0, 9)>}}
  %b = mixbit.buffer {shape = affine_map<()[s0] -> (s0, 9)>} : memref<?x8xf32>
}

// -----

mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
  // expected-error @below {{expected the shape of 'memref<4x8xf32>', but got affine_map<()[s0] -> (s0, 8)>}}
  %b = mixbit.buffer {shape = affine_map<()[s0] -> (s0, 8)>} : memref<4x8xf32>
}

// -----

mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
  // expected-error @below {{expected a shape over the 1 symbols of the function, but got affine_map<()[s0, s1] -> (s1, 8)>}}
  %b = mixbit.buffer {shape = affine_map<()[s0, s1] -> (s1, 8)>} : memref<?x8xf32>
}

// -----

mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
  // expected-error @below {{expected the first and the last launch, but got array<i64: 3, 2>}}
  %b = mixbit.buffer {shape = affine_map<()[s0] -> (s0, 8)>, live = array<i64: 3, 2>} : memref<?x8xf32>
}

// -----

mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
  %v = mixbit.buffer_view %x {offset = affine_map<()[s0] -> (0)>, shape = affine_map<()[s0] -> (s0, 2, 4)>, strides = affine_map<()[s0] -> (8, 4, 1)>} : memref<?x8xf32> to memref<?x2x4xf32>
}

// -----

mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
  // expected-error @below {{expected an offset of 1 results over symbols, but got}}
  %v = mixbit.buffer_view %x {offset = affine_map<()[s0] -> (0, 0)>, shape = affine_map<()[s0] -> (s0, 8)>, strides = affine_map<()[s0] -> (8, 1)>} : memref<?x8xf32> to memref<?x8xf32>
}

// -----

mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
  // expected-error @below {{expected strides of 2 results over symbols, but got}}
  %v = mixbit.buffer_view %x {offset = affine_map<()[s0] -> (0)>, shape = affine_map<()[s0] -> (s0, 8)>, strides = affine_map<()[s0] -> (8)>} : memref<?x8xf32> to memref<?x8xf32>
}

// -----

mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
  // expected-error @below {{expected the shape of 'memref<?x4xf32>', but got}}
  %v = mixbit.buffer_view %x {offset = affine_map<()[s0] -> (0)>, shape = affine_map<()[s0] -> (s0, 8)>, strides = affine_map<()[s0] -> (8, 1)>} : memref<?x8xf32> to memref<?x4xf32>
}

// -----

mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
  // expected-error @below {{expected a view of 'f32', but got 'memref<?x8xi32>'}}
  %v = mixbit.buffer_view %x {offset = affine_map<()[s0] -> (0)>, shape = affine_map<()[s0] -> (s0, 8)>, strides = affine_map<()[s0] -> (8, 1)>} : memref<?x8xf32> to memref<?x8xi32>
}

// -----

mixbit.weight @w dense<[1.0, 2.0]> : tensor<2xf32>
mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
  %w = mixbit.weight_ref @w : memref<2x1xf32>
}

// -----

mixbit.weight @w dense<[1.0, 2.0]> : tensor<2xf32>
mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
  // expected-error @below {{expected a mixbit.weight, but got @v}}
  %w = mixbit.weight_ref @v : memref<2xf32>
}

// -----

mixbit.weight @w dense<[1.0, 2.0]> : tensor<2xf32>
mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
  // expected-error @below {{expected a static memref of the size of 'tensor<2xf32>', but got 'memref<3xf32>'}}
  %w = mixbit.weight_ref @w : memref<3xf32>
}

// -----

mixbit.weight @w dense<[1.0, 2.0]> : tensor<2xf32>
mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
  // expected-error @below {{expected a static memref of the size of 'tensor<2xf32>', but got 'memref<?xf32>'}}
  %w = mixbit.weight_ref @w : memref<?xf32>
}

// -----

mixbit.kernel @k(%y: memref<?x8xf32>) {
  mixbit.rows outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0, d1)>] {
    %c0 = arith.constant 0.0 : f32
    mixbit.yield %c0 : f32
  }
}
mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
  mixbit.launch @k(%x) : memref<?x8xf32>
}

// -----

mixbit.kernel @k(%y: memref<?x8xf32>) {
  mixbit.rows outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0, d1)>] {
    %c0 = arith.constant 0.0 : f32
    mixbit.yield %c0 : f32
  }
}
mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
  // expected-error @below {{expected a mixbit.kernel, but got @l}}
  mixbit.launch @l(%x) : memref<?x8xf32>
}

// -----

mixbit.kernel @k(%y: memref<?x8xf32>) {
  mixbit.rows outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0, d1)>] {
    %c0 = arith.constant 0.0 : f32
    mixbit.yield %c0 : f32
  }
}
mixbit.plan @main(%x: memref<?x8xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
  // expected-error @below {{expected 1 arguments for @k, but got 2}}
  mixbit.launch @k(%x, %x) : memref<?x8xf32>, memref<?x8xf32>
}

// -----

mixbit.kernel @k(%y: memref<?x8xf32>) {
  mixbit.rows outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0, d1)>] {
    %c0 = arith.constant 0.0 : f32
    mixbit.yield %c0 : f32
  }
}
mixbit.plan @main(%x: memref<?x9xf32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 9)>] {
  // expected-error @below {{expected argument 0 of 'memref<?x8xf32>', but got 'memref<?x9xf32>'}}
  mixbit.launch @k(%x) : memref<?x9xf32>
}

// -----

mixbit.kernel @k(%y: memref<?x8xf32>) {
  mixbit.rows outs(%y : memref<?x8xf32>) maps [affine_map<(d0, d1) -> (d0, d1)>] {
    %c0 = arith.constant 0.0 : f32
    mixbit.yield %c0 : f32
  }
}
mixbit.plan @main(%x: memref<?x8xi32>) symbols = ["batch"], names = ["x"], num_inputs = 1 : i64,
    shapes = [affine_map<()[s0] -> (s0, 8)>] {
  // expected-error @below {{expected argument 0 of 'memref<?x8xf32>', but got 'memref<?x8xi32>'}}
  mixbit.launch @k(%x) : memref<?x8xi32>
}
