/* Asks bulkheadd for the list of domains COUNT times on one connection and prints how long each answer took, in
   microseconds: asker SOCKET COUNT. A program of its own, because starting the command line takes longer than the answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
    static const char request[] = "{\"version\":1,\"verb\":\"list\",\"arguments\":{}}\n";
    static char answer[1 << 20];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (argc != 3 || strlen(argv[1]) >= sizeof address.sun_path) return 2;
    strcpy(address.sun_path, argv[1]);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        perror(argv[1]);
        return 1;
    }
    for (int i = atoi(argv[2]); i > 0; --i) {
        struct timespec start, end;
        clock_gettime(CLOCK_MONOTONIC, &start);
        if (write(fd, request, sizeof request - 1) != sizeof request - 1) return 1;
        size_t size = 0;
        do {
            const ssize_t got = read(fd, answer + size, sizeof answer - size);
            if (got <= 0) return 1;
            size += (size_t)got;
        } while (answer[size - 1] != '\n');
        clock_gettime(CLOCK_MONOTONIC, &end);
        if (strncmp(answer, "{\"result\":", 10) != 0) return 1;
        printf("%ld\n", (end.tv_sec - start.tv_sec) * 1000000L + (end.tv_nsec - start.tv_nsec) / 1000);
    }
    return 0;
}
