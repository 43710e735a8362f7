//===- MixbitKernelOps.td - Kernels and their tile bodies ---*- tablegen -*-===//
#ifndef MIXBIT_KERNEL_OPS_TD
#define MIXBIT_KERNEL_OPS_TD

include "MixbitGraphOps.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"

def Mixbit_KernelOp : Mixbit_Op<"kernel", [
    Symbol, IsolatedFromAbove, SingleBlock, NoTerminator]> {
  let summary = "A function over buffers with an iteration space";
  let description = [{
    The body holds one tile operation (`mixbit.contract`, `mixbit.rows`,
    `mixbit.attention_core` or `linalg.generic`) over the block's arguments,
    all memrefs. It allocates nothing and calls nothing; the host plan
    launches it. Codegen makes of it, for each target, `NAME` (run a range of
    the iteration space) and `NAME.extent` (its size and the scratch it needs).

    ```mlir
    mixbit.kernel @k(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
      mixbit.rows ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>)
          maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
      ^bb0(%a: f32):
        mixbit.yield %a : f32
      }
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
}

def Mixbit_YieldOp : Mixbit_Op<"yield", [Pure, Terminator]> {
  let summary = "Ends the region of a tile operation";
  let description = [{
    Yields one value for each output of the tile operation.

    ```mlir
    mixbit.rows ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>)
        maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
    ^bb0(%a: f32):
      mixbit.yield %a : f32
    }
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

def Mixbit_ContractOp : Mixbit_Op<"contract", [AttrSizedOperandSegments]> {
  let summary = "Rows of data times a packed weight, with an epilogue";
  let description = [{
    out[m, n] = epilogue(sum over k of a[m, k] * w[n, k], ...), for
    Expand(format) . Dot(isa) . ScalePolicy . Epilogue.

    - `a`: memref<?xK> of f32, or of i8 with `a_scales` memref<?xf32>, one a
      row (per token; of stride 0, one for all rows). Rows of i8 may be wider
      than K, with zeros behind; as wide as whole blocks of the layout they
      need no copy.
    - `w`: packed bytes (memref<?xi8>, static) in `layout`; `format` is the
      quantized element type, f32, f16 or bf16; `shape` is [N, K] before
      padding. Its scales lie in `w_scales`, memref<[N/panel] x [groups along K] x panel>
      of the format's scale type, absent for floats; its zero points, if the
      format has them, in `w_zeros`, likewise shaped, unsigned i8.
    - `a_bits` of 1 or 2 says that the codes of `a` are -1 and 1, or -1, 0 and
      1; it goes with weights in bit planes (`inner = 32`), whose products are
      counts of bits. Without it codes are -127 to 127, with `full_range` -128
      to 127.
    - Group policy: the integer sums of a group of K are exact; each is
      multiplied by its scale and added in float, in the order of K.
    - Epilogue region: arguments are the f32 result (scales applied) and an
      element of each of `extras`; it yields one value an output. `maps` give
      the extras' and then the outputs' elements by (m, n).

    ```mlir
    mixbit.contract a(%a, %as : memref<?x384xi8>, memref<?xf32>)
        w(%w, %ws : memref<589824xi8>, memref<24x1x64xf32>)
        extras(%b : memref<1536xf32>) outs(%c : memref<?x1536xf32>)
        maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>]
        format !mixbit.int<8, group = [1, 0], scale = f32> shape [1536, 384]
        layout <panel = 64, block = 64, inner = 4, bits = 8> {
    ^bb0(%acc: f32, %bias: f32):
      %0 = arith.addf %acc, %bias : f32
      mixbit.yield %0 : f32
    }
    ```
  }];
  let arguments = (ins AnyMemRef:$a, Optional<AnyMemRef>:$a_scales,
                       AnyMemRef:$w, Optional<AnyMemRef>:$w_scales,
                       Optional<AnyMemRef>:$w_zeros,
                       Variadic<AnyMemRef>:$extras, Variadic<AnyMemRef>:$outs,
                       AffineMapArrayAttr:$maps, TypeAttr:$format,
                       DenseI64ArrayAttr:$shape, Mixbit_LayoutAttr:$layout,
                       OptionalAttr<I64Attr>:$a_bits, UnitAttr:$full_range);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    `a` `(` $a (`,` $a_scales^)? `:` type($a) (`,` type($a_scales)^)? `)`
    `w` `(` $w (`,` $w_scales^)? (`zeros` $w_zeros^)? `:` type($w)
        (`,` type($w_scales)^)? (`zeros` type($w_zeros)^)? `)`
    (`extras` `(` $extras^ `:` type($extras) `)`)?
    `outs` `(` $outs `:` type($outs) `)` `maps` $maps
    `format` $format `shape` $shape `layout` $layout attr-dict-with-keyword $epilogue
  }];
  let hasVerifier = 1;
}

def Mixbit_RowsOp : Mixbit_Op<"rows", [AttrSizedOperandSegments]> {
  let summary = "Elementwise work with reductions along rows";
  let description = [{
    The iteration space is (d0, ..., dn-1); the last dimension runs along a
    row. `maps` give, for each input and then each output, its element at a
    point; an output's map names each dimension at most once. Extents come
    from the outputs' shapes, or, for a dimension that no output names, from an
    input whose map names it. The region computes one point; inside of it

    - upstream `arith` and `math` work on scalars,
    - `mixbit.row_reduce` combines a value along the row,
    - `mixbit.table_load` reads a row of a table named by an index,
    - `mixbit.column` is the index along the row.

    Values that do not depend on the last dimension (inputs whose map lacks
    it, results of `mixbit.row_reduce`) are *row-uniform*. An output whose map
    lacks the last dimension takes a row-uniform value. Points of different
    rows are independent.

    ```mlir
    mixbit.rows ins(%x, %g : memref<?x384xf32>, memref<384xf32>)
        outs(%q, %s : memref<?x384xi8>, memref<?xf32>)
        maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>,
              affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>] {
    ^bb0(%a: f32, %b: f32):
      %y = arith.mulf %a, %b : f32
      %abs = math.absf %y : f32
      %max = mixbit.row_reduce %abs {kind = #mixbit.reduce_kind<max>} : f32
      %c = arith.constant 127.0 : f32
      %i = arith.divf %c, %max : f32
      %r = arith.mulf %y, %i : f32
      %e = math.roundeven %r : f32
      %code = arith.fptosi %e : f32 to i8
      %scale = arith.divf %max, %c : f32
      mixbit.yield %code, %scale : i8, f32
    }
    ```
  }];
  let arguments = (ins Variadic<AnyMemRef>:$ins, Variadic<AnyMemRef>:$outs,
                       AffineMapArrayAttr:$maps);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`ins` `(` $ins^ `:` type($ins) `)`)? `outs` `(` $outs `:` type($outs) `)`
    `maps` $maps attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
}

def Mixbit_RowReduceOp : Mixbit_Op<"row_reduce", [
    Pure, AllTypesMatch<["x", "result"]>, HasParent<"RowsOp">]> {
  let summary = "Combines a value along the row";
  let description = [{
    `kind` is `add`, `max` or `min` (not `mean`). The order of an addition is
    fixed by the vector width of the target, not by threads.

    ```mlir
    mixbit.rows ins(%x : memref<?x8xf32>) outs(%sums : memref<?xf32>)
        maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>] {
    ^bb0(%a: f32):
      %s = mixbit.row_reduce %a {kind = #mixbit.reduce_kind<add>} : f32
      mixbit.yield %s : f32
    }
    ```
  }];
  let arguments = (ins AnyTypeOf<[F32, I32]>:$x, Mixbit_ReduceKindAttr:$kind);
  let results = (outs AnyTypeOf<[F32, I32]>:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let hasVerifier = 1;
}

def Mixbit_ColumnOp : Mixbit_Op<"column", [Pure, HasParent<"RowsOp">]> {
  let summary = "The index along the row";
  let description = [{
    ```mlir
    mixbit.rows outs(%y : memref<?x8xi64>) maps [affine_map<(d0, d1) -> (d0, d1)>] {
      %j = mixbit.column : i64
      mixbit.yield %j : i64
    }
    ```
  }];
  let results = (outs AnyTypeOf<[I32, I64]>:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

def Mixbit_TableLoadOp : Mixbit_Op<"table_load", [
    HasParent<"RowsOp">, AttrSizedOperandSegments]> {
  let summary = "The current column of a table's row";
  let description = [{
    `table` is [V, D], a kernel argument; `row` a row-uniform index, negative
    counting from the end. An index out of range sets the launch's error
    (kind `index`) and reads row 0. With `format` the table holds canonical
    codes (memref<VxBxi8>, B bytes a row; ternary ones five to a byte) and
    `scales` ([V/r, D/c]) their scales, `zeros` their zero points, if the format
    has them, a byte each; the result is the dequantized f32.

    With `layout` the table is one that a linear has too, stored once, as
    contractions read it: `table` holds packed bytes (memref<?xi8>, static), or
    floats in panels, of a matrix of `shape`, and `scales` and `zeros` are
    [V/panel] x [groups along D] x panel, as in `mixbit.contract`.

    ```mlir
    mixbit.rows ins(%ids : memref<?xi64>) outs(%y : memref<?x384xf32>)
        maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
    ^bb0(%id: i64):
      %e = mixbit.table_load %t[%id] : memref<30522x384xf32>, i64 -> f32
      mixbit.yield %e : f32
    }
    mixbit.rows ins(%ids : memref<?xi64>) outs(%y : memref<?x384xf32>)
        maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
    ^bb0(%id: i64):
      %e = mixbit.table_load %w[%id] scales %s : memref<16x1x64xf32>
          {format = !mixbit.int<8, group = [1, 0], scale = f32>,
           layout = #mixbit.layout<panel = 64, block = 64, inner = 4, bits = 8>,
           shape = array<i64: 1000, 384>} : memref<393216xi8>, i64 -> f32
      mixbit.yield %e : f32
    }
    ```
  }];
  let arguments = (ins AnyMemRef:$table, AnyTypeOf<[I32, I64]>:$row,
                       Optional<AnyMemRef>:$scales, Optional<AnyMemRef>:$zeros,
                       OptionalAttr<TypeAttr>:$format,
                       OptionalAttr<Mixbit_LayoutAttr>:$layout,
                       OptionalAttr<DenseI64ArrayAttr>:$shape);
  let results = (outs AnyType:$result);
  let assemblyFormat = [{
    $table `[` $row `]` (`scales` $scales^ `:` type($scales))?
    (`zeros` $zeros^ `:` type($zeros))? attr-dict
    `:` type($table) `,` type($row) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Mixbit_AttentionCoreOp : Mixbit_Op<"attention_core"> {
  let summary = "Attention over buffers, a head and a block of queries at a time";
  let description = [{
    `q` is [B, Sq, H, D], `k` [B, Sk, H, D], `v` and `out` [B, S, H, Dv], with
    unit stride along the last dimension; the mask as in `mixbit.attention`.

    `products` are those of floats unless it says otherwise. Those of `bytes`
    quantize each row of queries and keys and each column of a head's values to
    signed, each row of probabilities to unsigned 8 bits; their sums are exact.
    They need depths that are multiples of 16, else they are those of floats.
    `fastest` leaves the choice to the target.

    ```mlir
    mixbit.attention_core ins(%q, %k, %v, %m : memref<?x?x12x64xf32>, memref<?x?x12x64xf32>,
        memref<?x?x12x64xf32>, memref<?x?xi64>) outs(%o : memref<?x?x12x64xf32>)
        {scale = 0.125 : f32, mask_kind = #mixbit.mask_kind<keep>}
    ```
  }];
  let arguments = (ins Variadic<AnyMemRef>:$ins, AnyMemRef:$out, F32Attr:$scale,
                       OptionalAttr<Mixbit_MaskKindAttr>:$mask_kind,
                       OptionalAttr<Mixbit_ProductKindAttr>:$products);
  let assemblyFormat = [{
    `ins` `(` $ins `:` type($ins) `)` `outs` `(` $out `:` type($out) `)` attr-dict
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Below the tile: what codegen lowers a target at a time
//===----------------------------------------------------------------------===//

def Mixbit_DotOp : Mixbit_Op<"dot", [
    Pure, AllTypesMatch<["acc", "result"]>, AllTypesMatch<["codes", "data"]>]> {
  let summary = "acc[i] + sum over r of codes[r*i+j] * data[r*i+j]";
  let description = [{
    The one integer product of the contraction generator; r is the ratio of the
    numbers of elements. `codes` are unsigned bytes up to `max_code`, `data`
    signed bytes in -127..127, or with `full_range` in -128..127; sums are
    exact. r is 4 for i32 accumulators, 2
    for i16 ones, which the generator keeps from overflowing. With i16 elements
    (both signed, r = 2) it adds up sums of the second kind.

    A target may compute with codes minus 128 instead: what
    `dotCodeOffset(target, max_code)` says is then missing from the sum, times
    the sum of the data, which the generator adds.

    ```mlir
    %r = mixbit.dot %acc, %codes, %data {max_code = 255 : i64} : vector<16xi32>, vector<64xi8>
    ```
  }];
  let arguments = (ins VectorOfAnyRankOf<[I16, I32]>:$acc,
                       VectorOfAnyRankOf<[I8, I16]>:$codes,
                       VectorOfAnyRankOf<[I8, I16]>:$data, I64Attr:$max_code,
                       UnitAttr:$full_range);
  let results = (outs VectorOfAnyRankOf<[I16, I32]>:$result);
  let assemblyFormat = [{
    $acc `,` $codes `,` $data attr-dict `:` type($acc) `,` type($codes)
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$acc, "::mlir::Value":$codes,
    "::mlir::Value":$data, "int64_t":$maxCode), [{
      build($_builder, $_state, acc.getType(), acc, codes, data,
            $_builder.getI64IntegerAttr(maxCode));
    }]>];
  let hasVerifier = 1;
}

def Mixbit_LookupOp : Mixbit_Op<"lookup", [
    Pure, AllTypesMatch<["table", "indices", "result"]>]> {
  let summary = "Bytes out of tables of 16";
  let description = [{
    result[i] = table[i / 16 * 16 + indices[i]], for indices of 0 to 15: each
    part of 16 bytes looks up a table of its own. Contractions that count bits
    are made of it where no instruction counts them.

    ```mlir
    %r = mixbit.lookup %table, %indices : vector<32xi8>
    ```
  }];
  let arguments = (ins VectorOfAnyRankOf<[I8]>:$table,
                       VectorOfAnyRankOf<[I8]>:$indices);
  let results = (outs VectorOfAnyRankOf<[I8]>:$result);
  let assemblyFormat = "$table `,` $indices attr-dict `:` type($table)";
  let hasVerifier = 1;
}

def Mixbit_KernelArgOp : Mixbit_Op<"kernel_arg", [Pure]> {
  let summary = "A buffer out of a launch's arguments";
  let description = [{
    `args` points at the launch's 64-bit words; from word `index` on they hold
    the buffer's address, its dynamic sizes, then its dynamic strides, in the
    order of dimensions (see `runtime/abi.h`).

    ```mlir
    %x = mixbit.kernel_arg %args[1] : !llvm.ptr -> memref<?x384xf32>
    ```
  }];
  let arguments = (ins AnyType:$args, I64Attr:$index);
  let results = (outs AnyMemRef:$buffer);
  let assemblyFormat = [{
    $args `[` $index `]` attr-dict `:` type($args) `->` type($buffer)
  }];
  let hasVerifier = 1;
}

def Mixbit_ScratchOp : Mixbit_Op<"scratch", [Pure]> {
  let summary = "A buffer out of a thread's scratch memory";
  let description = [{
    `byte_offset` is aligned for the element type; `sizes` are the dynamic
    extents.

    ```mlir
    %s = mixbit.scratch %base[%bytes] (%n) : !llvm.ptr -> memref<?xf32>
    ```
  }];
  let arguments = (ins AnyType:$base, Index:$byte_offset,
                       Variadic<Index>:$sizes);
  let results = (outs AnyMemRef:$buffer);
  let assemblyFormat = [{
    $base `[` $byte_offset `]` `(` $sizes `)` attr-dict `:` type($base) `->` type($buffer)
  }];
  let hasVerifier = 1;
}

#endif // MIXBIT_KERNEL_OPS_TD
