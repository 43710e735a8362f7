# How a library of this project is declared: one directory a library, upstream
# MLIR through libMLIR.so, the precompiled MLIR headers shared by all.

# The precompiled header, built once.
file(WRITE ${CMAKE_BINARY_DIR}/pch/empty.cpp "")
add_library(mixbit-pch OBJECT ${CMAKE_BINARY_DIR}/pch/empty.cpp)
llvm_update_compile_flags(mixbit-pch)
target_precompile_headers(mixbit-pch PRIVATE
                          ${CMAKE_SOURCE_DIR}/tools/cmake/pch.h)

# mixbit_add_library(NAME files... [NO_PCH] [LINK ours...] [UPSTREAM MLIR...]
#                    [DEPENDS tablegen targets...])
function(mixbit_add_library name)
  cmake_parse_arguments(ARG "NO_PCH" "" "LINK;UPSTREAM;DEPENDS" ${ARGN})
  add_mlir_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS}
    DISABLE_INSTALL DEPENDS ${ARG_DEPENDS} LINK_LIBS PUBLIC ${ARG_LINK})
  # Upstream names must never reach LINK_LIBS: that would add static copies of
  # what libMLIR.so holds, and with them duplicate type ids.
  mlir_target_link_libraries(${name} PUBLIC MLIRIR ${ARG_UPSTREAM})
  if(NOT ARG_NO_PCH)
    foreach(target ${name} obj.${name})
      if(TARGET ${target})
        target_precompile_headers(${target} REUSE_FROM mixbit-pch)
      endif()
    endforeach()
  endif()
endfunction()

# mixbit_add_passes(TARGET [TD]): Passes.td -> Passes.h.inc in this directory.
function(mixbit_add_passes target)
  set(LLVM_TARGET_DEFINITIONS Passes.td)
  mlir_tablegen(Passes.h.inc -gen-pass-decls -name ${target})
  add_public_tablegen_target(${target}PassIncGen)
endfunction()

# mixbit_add_executable(NAME files... [LINK ours...] [UPSTREAM MLIR...])
function(mixbit_add_executable name)
  cmake_parse_arguments(ARG "" "" "LINK;UPSTREAM" ${ARGN})
  add_llvm_executable(${name} ${ARG_UNPARSED_ARGUMENTS}
                      DISABLE_LLVM_LINK_LLVM_DYLIB)
  llvm_update_compile_flags(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  mlir_target_link_libraries(${name} PRIVATE MLIROptLib ${ARG_UPSTREAM})
  # CMake would compile executables with -fPIE, which the shared precompiled
  # header, made with -fPIC, does not fit.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
  target_precompile_headers(${name} REUSE_FROM mixbit-pch)
endfunction()
