/* The start of probe_guest.c: a stack. */
#include "pv_notes.h"
    pv_notes probe

    .text
    .globl _start
_start:
    lea stack(%rip), %rsp
    mov %rsi, %rdi                  /* start_info */
    call probe

    .bss
    .balign 16
    .space 16384
stack:
