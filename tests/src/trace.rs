//! What `strace` wrote of the program's system calls.
