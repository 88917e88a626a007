/* The smallest PV guest: what Xen's builder accepts, and a loop. Where many domains are wanted and none needs to do
   anything. */
#include "pv_notes.h"
    pv_notes stub

    .text
    .globl _start
_start:
    pause
    jmp _start
