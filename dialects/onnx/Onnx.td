//===- Onnx.td - All of the dialect -------------------------*- tablegen -*-===//
include "OnnxContrib.td"
include "OnnxLogic.td"
include "OnnxMath.td"
include "OnnxNN.td"
include "OnnxQuantization.td"
include "OnnxShape.td"
