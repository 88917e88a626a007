/* The start of probe_guest.c: ELF notes for Xen's builder (xen/include/public/elfnote.h), and a stack. */
    .macro note type, desc:vararg
    .balign 4
    .long 4, 2f - 1f, \type
    .asciz "Xen"
1:  \desc
2:  .balign 4
    .endm

    .section .note.Xen, "a", @note
    note 6, .asciz "probe"          /* GUEST_OS */
    note 5, .asciz "xen-3.0"        /* XEN_VERSION */
    note 8, .asciz "generic"        /* LOADER */
    note 9, .asciz "yes"            /* PAE_MODE */
    note 3, .quad 0                 /* VIRT_BASE */
    note 1, .quad _start            /* ENTRY */

    .section .note.GNU-stack, "", @progbits

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
