/* The smallest PV guest: what Xen's builder accepts, and a loop. Where many domains are wanted and none needs to do
   anything. ELF notes: xen/include/public/elfnote.h. */
    .macro note type, desc:vararg
    .balign 4
    .long 4, 2f - 1f, \type
    .asciz "Xen"
1:  \desc
2:  .balign 4
    .endm

    .section .note.Xen, "a", @note
    note 6, .asciz "stub"           /* GUEST_OS */
    note 5, .asciz "xen-3.0"        /* XEN_VERSION */
    note 8, .asciz "generic"        /* LOADER */
    note 9, .asciz "yes"            /* PAE_MODE */
    note 3, .quad 0                 /* VIRT_BASE */
    note 1, .quad _start            /* ENTRY */

    .text
    .globl _start
_start:
    pause
    jmp _start
