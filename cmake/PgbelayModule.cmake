# One module = one static library whose include root holds only itself.
#
# A module sees the include roots of the modules it names and no others: dependencies are linked with
# LINK_ONLY, so what a dependency uses does not become visible. A wrong arrow does not compile.

add_library(pgbelay_warnings INTERFACE)
target_compile_options(pgbelay_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor
  $<$<BOOL:${PGBELAY_WERROR}>:-Werror>
  # gcc cannot know that a designated initialiser leaves the rest to the defaults on purpose.
  -Wno-missing-field-initializers
  # gcc 12 at -O3 sees overlaps in std::string's assignment of a literal that cannot be (GCC PR 105651).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
if(PGBELAY_SANITIZE)
  target_compile_options(pgbelay_warnings INTERFACE -fsanitize=${PGBELAY_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(pgbelay_warnings INTERFACE -fsanitize=${PGBELAY_SANITIZE})
endif()
target_compile_definitions(pgbelay_warnings INTERFACE
  $<$<BOOL:${PGBELAY_FAULT_POINTS}>:PGBELAY_FAULT_POINTS=1>
  PGBELAY_VERSION="${PROJECT_VERSION}")

function(pgbelay_include_root name)
  set(root ${CMAKE_BINARY_DIR}/include-roots/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${name} ${root}/${name} SYMBOLIC)
endfunction()

# Gives `target` the include roots of DEPS and links them, without making their own roots visible.
function(pgbelay_use target scope)
  foreach(dep IN LISTS ARGN)
    target_include_directories(${target} ${scope} ${CMAKE_BINARY_DIR}/include-roots/${dep})
    if(TARGET pgbelay_${dep})
      target_link_libraries(${target} ${scope} $<LINK_ONLY:pgbelay_${dep}>)
    endif()
  endforeach()
endfunction()

function(pgbelay_module)
  cmake_parse_arguments(M "" "NAME" "DEPS;LIBS" ${ARGN})
  pgbelay_include_root(${M_NAME})
  set_property(GLOBAL PROPERTY pgbelay_modules_${M_NAME} ${M_NAME} ${M_DEPS})
  set_property(GLOBAL APPEND PROPERTY pgbelay_all_modules ${M_NAME})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${M_NAME}/*.cc)
  if(NOT sources)
    add_library(pgbelay_${M_NAME} INTERFACE)
    foreach(dep IN LISTS M_DEPS)
      target_link_libraries(pgbelay_${M_NAME} INTERFACE $<LINK_ONLY:pgbelay_${dep}>)
    endforeach()
    return()
  endif()
  add_library(pgbelay_${M_NAME} STATIC ${sources})
  target_include_directories(pgbelay_${M_NAME} PRIVATE ${CMAKE_BINARY_DIR}/include-roots/${M_NAME})
  target_link_libraries(pgbelay_${M_NAME} PRIVATE pgbelay_warnings ${M_LIBS})
  pgbelay_use(pgbelay_${M_NAME} PRIVATE ${M_DEPS})
endfunction()

function(pgbelay_program)
  cmake_parse_arguments(P "" "NAME;PROGRAM" "DEPS;LIBS" ${ARGN})
  pgbelay_include_root(${P_NAME})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${P_NAME}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${P_PROGRAM} ${sources})
  set_target_properties(${P_PROGRAM} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  target_include_directories(${P_PROGRAM} PRIVATE ${CMAKE_BINARY_DIR}/include-roots/${P_NAME})
  target_link_libraries(${P_PROGRAM} PRIVATE pgbelay_warnings ${P_LIBS})
  pgbelay_use(${P_PROGRAM} PRIVATE ${P_DEPS})
  install(TARGETS ${P_PROGRAM} RUNTIME DESTINATION bin)
endfunction()

# A test binary sees and links MODULES only: an undeclared upward call ends as an undefined reference.
function(pgbelay_test)
  cmake_parse_arguments(T "" "NAME;LABEL" "SOURCES;MODULES;LIBS" ${ARGN})
  add_executable(${T_NAME} ${T_SOURCES})
  target_link_libraries(${T_NAME} PRIVATE pgbelay_warnings ${T_LIBS} GTest::gmock GTest::gtest_main)
  target_include_directories(${T_NAME} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${T_NAME} PRIVATE PGBELAY_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  # A test compiles twice as fast without; what it tests is optimised as the preset says.
  target_compile_options(${T_NAME} PRIVATE -O0)
  pgbelay_use(${T_NAME} PRIVATE ${T_MODULES})
  set_target_properties(${T_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endfunction()
