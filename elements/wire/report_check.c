#include "elements/wire/report_check.h"

#include "core/cursor.h"

bool amtg_report_records_fit(const uint8_t *message, uint32_t len, uint32_t address)
{
    struct amtg_cursor in = amtg_cursor_of(message, len);

    amtg_cursor_skip(&in, 6);
    /* At most len / 8 turns, whatever the number of records says. */
    for (uint32_t left = amtg_cursor_u16(&in); left > 0 && !in.failed; left--) {
        amtg_cursor_skip(&in, 1);
        uint32_t aux_words = amtg_cursor_u8(&in);
        uint32_t sources = amtg_cursor_u16(&in);
        amtg_cursor_skip(&in, address + sources * address + aux_words * 4);
    }
    return !in.failed;
}
