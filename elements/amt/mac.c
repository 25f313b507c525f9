#include "elements/amt/mac.h"

const struct amtg_interface amtg_response_mac = {
    .name = "response-mac",
    .summary = "makes and checks the MAC that proves where a gateway is",
};
