# The page of page/ as one document, and that as an array in a C file. Run as a script:
# cmake -D FOLDER=.../page -D OUT=... -P page.cmake
# A line /* NAME */ of index.html stands for the file NAME beside it; each has its line.
file(READ ${FOLDER}/index.html page)
file(GLOB parts RELATIVE ${FOLDER} ${FOLDER}/*.css ${FOLDER}/*.js)
foreach(part ${parts})
    file(READ ${FOLDER}/${part} text)
    string(FIND "${page}" "/* ${part} */" at)
    if(at EQUAL -1)
        message(FATAL_ERROR "${FOLDER}/index.html: no /* ${part} */")
    endif()
    string(REPLACE "/* ${part} */" "${text}" page "${page}")
endforeach()
file(WRITE ${OUT}.html "${page}")
file(READ ${OUT}.html octets HEX)
string(LENGTH "${octets}" digits)
math(EXPR count "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," octets "${octets}")
string(REGEX REPLACE "((0x..,){16})" "\\1\n" octets "${octets}")
file(WRITE ${OUT} "/* page.cmake made this of the files in page/. */
#include <stddef.h>

extern const unsigned char web_page_octets[];
extern const size_t web_page_count;
const unsigned char web_page_octets[] = {
${octets}0};
const size_t web_page_count = ${count};
")
