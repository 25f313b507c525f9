#include "elements/io/steering.h"

#include <linux/filter.h>
#include <sys/socket.h>

#include "core/cursor.h"

enum {
    MULTIPLIER = 0x9e3779b1, /* 2^32 / golden ratio, odd: neighbours are spread */
    SHIFT = 16,
    TEARDOWN = 7,
    TEARDOWN_ADDRESS = 14, /* RFC 7450, section 5.1.7.7: 16 octets, IPv4 in the last four */
    SOURCE4 = 12,          /* in the IPv4 header */
    SOURCE6 = 8,           /* in the IPv6 header */
};

unsigned amtg_steer(const struct amtg_addr *from, unsigned shards)
{
    uint32_t word = 0;

    if (amtg_addr_is4(from))
        word = amtg_get_u32(amtg_addr_octets4(from));
    else
        for (unsigned i = 0; i < 16; i += 4)
            word ^= amtg_get_u32(from->octets + i);
    return ((word * (uint32_t)MULTIPLIER) >> SHIFT) % shards;
}

/*
 * Loads count from the UDP payload, or with SKF_NET_OFF from the IP header. An IPv4-compatible
 * address is three zero words and the IPv4 address, so its words make the same sum. A load
 * behind the end of a short datagram ends the program with 0: shard 0 will refuse it.
 */
bool amtg_steer_group(int fd, bool is4, unsigned shards)
{
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define XOR(offset) BPF_STMT(BPF_MISC | BPF_TAX, 0), LOAD(offset), \
                    BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0)
#define FINISH BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, (uint32_t)MULTIPLIER), \
               BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, SHIFT), \
               BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, shards), BPF_STMT(BPF_RET | BPF_A, 0)
#define ADDRESS16(at) LOAD(at), XOR((at) + 4), XOR((at) + 8), XOR((at) + 12)
#define IS_TEARDOWN BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TEARDOWN, 0, 14), \
                    ADDRESS16(TEARDOWN_ADDRESS), FINISH
    struct sock_filter from4[] = {IS_TEARDOWN, LOAD(SKF_NET_OFF + SOURCE4), FINISH};
    struct sock_filter from6[] = {IS_TEARDOWN, ADDRESS16(SKF_NET_OFF + SOURCE6), FINISH};
    struct sock_fprog program = {
        .len = (unsigned short)(is4 ? sizeof from4 / sizeof *from4 : sizeof from6 / sizeof *from6),
        .filter = is4 ? from4 : from6,
    };

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) == 0;
}
