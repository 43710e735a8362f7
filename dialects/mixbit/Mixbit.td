//===- Mixbit.td - All of the dialect -----------------------*- tablegen -*-===//
include "MixbitPlanOps.td"
