/* The ELF notes that Xen's builder wants of a 64-bit PV guest (xen/include/public/elfnote.h), for guests in assembler:
   `pv_notes name`. Linked at 0, it is entered at _start. */
    .macro note type, desc:vararg
    .balign 4
    .long 4, 2f - 1f, \type
    .asciz "Xen"
1:  \desc
2:  .balign 4
    .endm

    .macro pv_notes name
    .section .note.Xen, "a", @note
    note 6, .asciz "\name"         /* GUEST_OS */
    note 5, .asciz "xen-3.0"        /* XEN_VERSION */
    note 8, .asciz "generic"        /* LOADER */
    note 9, .asciz "yes"            /* PAE_MODE */
    note 3, .quad 0                 /* VIRT_BASE */
    note 1, .quad _start            /* ENTRY */
    .section .note.GNU-stack, "", @progbits
    .endm
