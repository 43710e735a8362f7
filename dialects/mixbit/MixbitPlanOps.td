//===- MixbitPlanOps.td - The host's plan -------------------*- tablegen -*-===//
#ifndef MIXBIT_PLAN_OPS_TD
#define MIXBIT_PLAN_OPS_TD

include "MixbitKernelOps.td"

def Mixbit_WeightOp : Mixbit_Op<"weight", [Symbol]> {
  let summary = "Bytes of the library's weight section";
  let description = [{
    Constant data as kernels read it (packed codes, scales, tables), shared by
    all entries and targets. `offset`, once planned, is its place in the
    section.

    ```mlir
    mixbit.weight @w dense<[1.0, 2.0]> : tensor<2xf32>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, ElementsAttr:$data,
                       OptionalAttr<I64Attr>:$offset);
  let assemblyFormat = "$sym_name $data attr-dict";
}

def Mixbit_PlanOp : Mixbit_Op<"plan", [
    Symbol, IsolatedFromAbove, SingleBlock, NoTerminator]> {
  let summary = "An entry point of the library";
  let description = [{
    Block arguments are the inputs, then the outputs. `symbols` names the
    symbolic dimensions, `names` the arguments, `shapes` their symbolic
    shapes. The body lists buffers, views and launches in order.

    ```mlir
    mixbit.kernel @copy(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
      mixbit.rows ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>)
          maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
      ^bb0(%a: f32):
        mixbit.yield %a : f32
      }
    }
    mixbit.plan @main(%x: memref<?x8xf32>, %y: memref<?x8xf32>)
        symbols = ["batch"], names = ["x", "y"], num_inputs = 1 : i64,
        shapes = [affine_map<()[s0] -> (s0, 8)>, affine_map<()[s0] -> (s0, 8)>] {
      mixbit.launch @copy(%x, %y) : memref<?x8xf32>, memref<?x8xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$symbols,
                       StrArrayAttr:$names, I64Attr:$num_inputs,
                       AffineMapArrayAttr:$shapes,
                       OptionalAttr<ArrayAttr>:$element_types);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
}

def Mixbit_BufferOp : Mixbit_Op<"buffer", [HasParent<"PlanOp">]> {
  let summary = "A buffer in the arena";
  let description = [{
    `shape` is over the plan's symbols. `live`, once planned, is the first and
    the last launch that uses it.

    ```mlir
    mixbit.plan @main(%x: memref<?x?xf32>)
        symbols = ["batch", "sequence"], names = ["x"], num_inputs = 1 : i64,
        shapes = [affine_map<()[s0, s1] -> (s0, s1)>] {
      %b = mixbit.buffer {shape = affine_map<()[s0, s1] -> (s0 * s1, 384)>} : memref<?x384xf32>
    }
    ```
  }];
  let arguments = (ins AffineMapAttr:$shape,
                       OptionalAttr<DenseI64ArrayAttr>:$live);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Mixbit_BufferViewOp : Mixbit_Op<"buffer_view", [Pure, HasParent<"PlanOp">]> {
  let summary = "The same memory under another shape";
  let description = [{
    `offset` (in elements of the source, one result), `shape` and `strides`
    (in elements) are over the plan's symbols.

    ```mlir
    mixbit.plan @main(%x: memref<?x?xf32>)
        symbols = ["batch", "sequence"], names = ["x"], num_inputs = 1 : i64,
        shapes = [affine_map<()[s0, s1] -> (s0, s1)>] {
      %b = mixbit.buffer {shape = affine_map<()[s0, s1] -> (s0 * s1, 384)>} : memref<?x384xf32>
      %v = mixbit.buffer_view %b {offset = affine_map<()[s0, s1] -> (0)>,
          shape = affine_map<()[s0, s1] -> (s0, s1, 384)>,
          strides = affine_map<()[s0, s1] -> (s1 * 384, 384, 1)>}
          : memref<?x384xf32> to memref<?x?x384xf32>
    }
    ```
  }];
  let arguments = (ins AnyMemRef:$source, AffineMapAttr:$offset,
                       AffineMapAttr:$shape, AffineMapAttr:$strides);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
}

def Mixbit_WeightRefOp : Mixbit_Op<"weight_ref", [
    Pure, HasParent<"PlanOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A weight as a buffer";
  let description = [{
    The memref is static and has as many bytes as the weight.

    ```mlir
    mixbit.weight @w dense<[1.0, 2.0]> : tensor<2xf32>
    mixbit.plan @main(%x: memref<?x?xf32>)
        symbols = ["batch", "sequence"], names = ["x"], num_inputs = 1 : i64,
        shapes = [affine_map<()[s0, s1] -> (s0, s1)>] {
      %w = mixbit.weight_ref @w : memref<2xf32>
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$weight attr-dict `:` type($result)";
}

def Mixbit_LaunchOp : Mixbit_Op<"launch", [
    HasParent<"PlanOp">, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Runs a kernel over its whole iteration space";
  let description = [{
    Operands are the kernel's arguments; their types may differ from the
    kernel's in what is static. The location names the ONNX node.

    ```mlir
    mixbit.kernel @zero(%y: memref<?x?xf32>) {
      mixbit.rows outs(%y : memref<?x?xf32>) maps [affine_map<(d0, d1) -> (d0, d1)>] {
        %c0 = arith.constant 0.0 : f32
        mixbit.yield %c0 : f32
      }
    }
    mixbit.plan @main(%x: memref<?x?xf32>)
        symbols = ["batch", "sequence"], names = ["x"], num_inputs = 1 : i64,
        shapes = [affine_map<()[s0, s1] -> (s0, s1)>] {
      mixbit.launch @zero(%x) : memref<?x?xf32>
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyMemRef>:$args);
  let assemblyFormat = [{
    $kernel `(` $args `)` attr-dict `:` type($args)
  }];
}

#endif // MIXBIT_PLAN_OPS_TD
