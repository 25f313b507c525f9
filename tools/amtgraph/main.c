/* amtgraph: the command line. One file per subcommand; this one only finds it. */
#include <stdio.h>

int main(void)
{
    fputs("amtgraph: no subcommand yet\n", stderr);
    return 2;
}
