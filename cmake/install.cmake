# What is installed: the program; the libraries and headers to build elements and
# programs with, found by CMake (find_package(amtgraph)) and by pkg-config; the
# graphs; the manual pages; the documents.
include(CMakePackageConfigHelpers)

set(packagedir ${CMAKE_INSTALL_LIBDIR}/cmake/amtgraph)

install(TARGETS amtgraph RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS amtgraph_core amtgraph_elements EXPORT amtgraph
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(room core elements)
    install(DIRECTORY ${room} DESTINATION ${AMTGRAPH_INCLUDEDIR}
            FILES_MATCHING PATTERN "*.h" PATTERN "*_private.h" EXCLUDE)
endforeach()

install(EXPORT amtgraph NAMESPACE amtgraph:: FILE amtgraphTargets.cmake DESTINATION ${packagedir})
configure_package_config_file(cmake/amtgraphConfig.cmake.in amtgraphConfig.cmake
    INSTALL_DESTINATION ${packagedir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(amtgraphConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/amtgraphConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/amtgraphConfigVersion.cmake
        DESTINATION ${packagedir})

# amtgraph.pc finds its prefix from where it lies, so that the tree can be moved.
file(RELATIVE_PATH AMTGRAPH_PC_UP
    ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" AMTGRAPH_PC_UP ${AMTGRAPH_PC_UP})
configure_file(cmake/amtgraph.pc.in amtgraph.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/amtgraph.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(TARGET man) # where scdoc is there
    get_property(pages TARGET man PROPERTY PAGES)
    foreach(page ${pages})
        string(REGEX REPLACE ".*\\." "" section ${page})
        install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
    endforeach()
endif()
install(DIRECTORY graphs DESTINATION ${CMAKE_INSTALL_DATADIR}/amtgraph
        FILES_MATCHING PATTERN "*.yaml" PATTERN "*.pcap" PATTERN demo EXCLUDE)
# Beside the graphs, where their first line says that it is.
install(FILES docs/graph.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/amtgraph/docs)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}
        PATTERN graph.schema.json EXCLUDE)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
